// A comparison: its runs, its lanes where they are others than those of a chart, and the figures side by side.
import { css } from 'lit';

export const compareStyles = css`
  .stack {
    display: grid;
    grid-template-columns: minmax(0, 1fr);
    gap: 16px;
  }
  .headrow {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 8px 16px;
  }
  .headrow h1 {
    flex: 1 1 240px;
    min-width: 0;
    font-size: 20px;
    line-height: 25px;
    font-weight: 600;
    letter-spacing: -0.01em;
  }
  .runs > li {
    display: grid;
    grid-template-columns: 60px minmax(0, 1fr) auto;
    align-items: center;
    gap: 4px 16px;
    min-height: 54px;
    padding: 8px 16px;
  }
  .runs > li + li {
    border-top: 1px solid var(--_hairline);
  }
  .key {
    display: flex;
    align-items: center;
    gap: 8px;
    font-weight: 600;
  }
  .what {
    min-width: 0;
    overflow-wrap: anywhere;
  }
  .what b {
    font-weight: 600;
  }
  .what .facts {
    display: flex;
    flex-wrap: wrap;
    gap: 0 12px;
    min-height: 18px;
    font-size: var(--_size-s);
    line-height: 18px;
    color: var(--_text2);
  }
  .set {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    justify-content: flex-end;
    gap: 4px 12px;
    font-size: var(--_size-s);
  }
  .set label {
    display: inline-flex;
    align-items: center;
    gap: 6px;
    min-height: var(--_target);
    color: var(--_text2);
  }
  .set input:not([type='radio']) {
    width: 9ch;
    min-height: var(--_target);
    padding: 0 6px;
    border: 1px solid var(--_control);
    border-radius: 6px;
    background: var(--_surface);
    color: var(--_text);
    text-align: end;
  }
  .set input[type='radio'] {
    width: 16px;
    height: 16px;
    margin: 0;
    accent-color: var(--_accent);
  }
  .head label {
    display: inline-flex;
    align-items: center;
    gap: 6px;
    font-size: var(--_size-s);
    color: var(--_text2);
  }
  .head select.pick {
    max-width: 220px;
  }
  .h-places {
    height: calc(var(--n) * max(28px, var(--_target)));
  }
  .h-rows {
    height: calc(var(--n) * 30px);
  }
  .n1 {
    --n: 1;
  }
  .n2 {
    --n: 2;
  }
  .n3 {
    --n: 3;
  }
  .n4 {
    --n: 4;
  }
  .n5 {
    --n: 5;
  }
  .n6 {
    --n: 6;
  }
  .plot canvas {
    position: absolute;
    inset: 0;
    width: 100%;
    height: 100%;
  }
  .grips {
    position: absolute;
    inset: 0;
    overflow: hidden;
    pointer-events: none;
  }
  .grip {
    position: absolute;
    left: 0;
    top: calc(var(--at) * max(28px, var(--_target)) + 2px);
    display: grid;
    place-items: center;
    width: 40px;
    height: calc(max(28px, var(--_target)) - 4px);
    border: 1px solid var(--_control);
    border-inline-width: 4px;
    border-radius: 6px;
    background: var(--_surface);
    font-size: var(--_size-s);
    font-weight: 600;
    cursor: ew-resize;
    pointer-events: auto;
    touch-action: none;
    user-select: none;
  }
  .grip:hover {
    background: var(--_raised);
  }
  .grip:focus-visible {
    outline-offset: -2px;
    border-radius: 6px;
  }
  .at1 {
    --at: 1;
  }
  .at2 {
    --at: 2;
  }
  .at3 {
    --at: 3;
  }
  .at4 {
    --at: 4;
  }
  .at5 {
    --at: 5;
  }
  .read dt {
    display: flex;
    align-items: center;
    gap: 6px;
    min-width: 0;
  }
  .lane .read .run {
    grid-template-columns: minmax(0, 1fr) auto;
  }
  /* Beside the plot the letter says it: the names stand above. */
  .read .name {
    display: none;
    overflow-wrap: anywhere;
    color: var(--_text2);
  }
  .rows .read dl {
    height: 100%;
    grid-auto-rows: 1fr;
  }
  .figures .say {
    padding: 4px 16px 10px;
    max-width: 130ch;
    overflow-wrap: anywhere;
  }
  .wide {
    position: relative;
    overflow-x: auto;
    border-top: 1px solid var(--_hairline);
  }
  .wide:focus-visible {
    outline-offset: -2px;
  }
  .wide table {
    font-size: var(--_size);
  }
  .wide th, .wide td {
    position: static;
    height: 31px;
  }
  .wide thead th {
    min-width: 104px;
    height: 44px;
    padding-block: 4px;
    white-space: normal;
    overflow-wrap: anywhere;
    vertical-align: bottom;
    color: var(--_text);
    box-shadow: none;
  }
  .wide thead .key {
    justify-content: flex-end;
  }
  .wide thead .t2 {
    display: block;
    max-width: 22ch;
    margin-inline-start: auto;
    font-weight: 400;
    line-height: 14px;
  }
  .wide tbody th .t3 {
    margin-inline-start: 6px;
    font-size: var(--_size-xs);
  }
  .wide .change {
    color: var(--_text2);
  }
  .wide .change .percent {
    display: inline-block;
    min-width: 48px;
    margin-inline-start: 6px;
    color: var(--_text3);
  }
  .wide .alike, .wide .alike .percent {
    color: var(--_text3);
  }
  .wide .first th, .wide .first td {
    border-top: 1px solid var(--_control);
  }
  .few {
    font-size: var(--_size-xs);
    font-weight: 400;
    color: var(--_text3);
  }
  td.why {
    min-width: 180px;
    white-space: normal;
    text-align: start;
    vertical-align: top;
    padding-block: 8px;
  }
  .under {
    display: none;
  }
  .foot {
    padding: 8px 16px 10px;
    border-top: 1px solid var(--_hairline);
  }
  .empty {
    padding: 16px;
  }
  @container (max-width: 719px) {
    .stack {
      gap: 12px;
    }
    .headrow h1 {
      font-size: 18px;
    }
    .runs > li {
      grid-template-columns: 60px minmax(0, 1fr);
      padding-inline: 12px;
    }
    .set {
      grid-column: 1 / -1;
    }
    .wide .change {
      display: none;
    }
    .under {
      display: block;
      font-size: var(--_size-xs);
      line-height: 14px;
      font-weight: 400;
      color: var(--_text2);
    }
    .wide th, .wide td {
      height: 40px;
      padding-inline: 6px;
    }
    .few {
      display: block;
      line-height: 14px;
    }
    .wide th:first-child {
      position: sticky;
      left: 0;
      padding-inline-start: 12px;
      background: var(--_surface);
      white-space: normal;
    }
    .read dl {
      flex-direction: column;
    }
    .lane .read .run {
      display: grid;
    }
    .read .name {
      display: inline;
    }
    .rows .read dl {
      height: auto;
    }
    .figures .say, .foot {
      padding-inline: 12px;
    }
    .head select.pick {
      max-width: 100%;
    }
    .grip {
      width: 44px;
    }
  }
  @container (max-width: 340px) {
    .stack {
      gap: 8px;
    }
    .runs > li {
      grid-template-columns: 56px minmax(0, 1fr);
      gap: 4px 8px;
    }
    .wide thead th {
      min-width: 84px;
    }
    .wide th, .wide td {
      padding-inline: 4px;
    }
  }
  @media (pointer: coarse) {
    .grip {
      width: 48px;
    }
  }
  @media print {
    .headrow .btn, .grips, .set, .head label, .foot {
      display: none;
    }
  }
`;
