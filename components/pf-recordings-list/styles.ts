// What the list of recordings looks like: rows of three lines, a box that scrolls by itself, a panel that opens in a row.
import { css } from 'lit';

export const listStyles = css`
  .card {
    display: grid;
    grid-template-columns: minmax(0, 1fr);
    overflow: clip;
  }
  .find {
    display: flex;
    gap: 6px;
    padding: 0 12px 10px;
  }
  .find .line {
    position: relative;
    flex: 1;
    min-width: 0;
  }
  .find input, .find select {
    width: 100%;
    min-height: var(--_target);
    padding: 0 8px;
    border: 1px solid var(--_control);
    border-radius: 6px;
    background: var(--_surface);
    color: var(--_text);
    font-size: var(--_size-s);
  }
  .find input {
    padding-inline-end: 26px;
  }
  .find input::placeholder {
    color: var(--_text3);
    opacity: 1;
  }
  .find select {
    width: auto;
    flex: none;
    padding: 0 4px;
    border-color: var(--_hairline);
    color: var(--_text2);
  }
  .find kbd {
    position: absolute;
    inset-block: 0;
    inset-inline-end: 6px;
    margin-block: auto;
    height: 18px;
    padding: 0 5px;
    border: 1px solid var(--_hairline);
    border-radius: 4px;
    font: inherit;
    font-size: var(--_size-xs);
    line-height: 16px;
    color: var(--_text3);
    pointer-events: none;
  }
  .find input:focus ~ kbd {
    display: none;
  }
  .rows {
    display: grid;
    align-content: start;
    max-height: var(--pf-recordings-height, 884px);
    overflow-y: auto;
    scroll-padding-block: 48px;
    border-top: 1px solid var(--_hairline);
  }
  /* The room of the rows that are not in the page. */
  .rows::before, .rows::after {
    content: '';
    grid-column: 1 / -1;
    height: var(--_before, 0);
  }
  .rows::after {
    height: var(--_after, 0);
  }
  .rows:focus {
    outline: none;
  }
  .row {
    position: relative;
    display: grid;
    grid-template-columns: minmax(0, 1fr) auto;
    gap: 0 2px;
    align-content: start;
    padding-block: 6px;
    padding-inline: 16px 4px;
    border-bottom: 1px solid var(--_hairline);
  }
  .row:hover, .row.on {
    background: var(--_raised);
  }
  .row.on::before {
    content: '';
    position: absolute;
    inset-block: 0;
    inset-inline-start: 0;
    width: 3px;
    background: var(--_accent);
  }
  .trash .row {
    padding-inline-end: 16px;
  }
  .row.picking {
    padding-inline: 40px 16px;
  }
  /* All of a row is its button; what else can be pressed lies above it. */
  .view, .pick {
    position: absolute;
    inset: 0;
    padding: 0;
    border: 0;
    background: none;
    cursor: pointer;
  }
  .view:focus-visible, .pick:has(:focus-visible) {
    outline: 2px solid var(--_accent);
    outline-offset: -3px;
    border-radius: 6px;
  }
  .pick input {
    position: absolute;
    inset-block: 0;
    inset-inline-start: 14px;
    width: 16px;
    height: 16px;
    margin-block: auto;
    accent-color: var(--_accent);
  }
  .pick input:focus-visible {
    outline: none;
  }
  .lines {
    display: grid;
    gap: 1px;
    min-width: 0;
    pointer-events: none;
    position: relative;
  }
  .lines > div {
    display: flex;
    align-items: center;
    flex-wrap: wrap;
    justify-content: space-between;
    gap: 0 8px;
    min-width: 0;
    min-height: 19px;
    font-size: var(--_size-s);
    line-height: 18px;
    color: var(--_text2);
    white-space: nowrap;
  }
  .lines > .first {
    flex-wrap: nowrap;
  }
  .lines .name {
    min-width: 0;
    overflow: hidden;
    text-overflow: ellipsis;
    font-size: var(--_size);
    line-height: 19px;
    font-weight: 600;
    color: var(--_text);
  }
  .star {
    margin-inline-end: 4px;
    color: var(--_text2);
    font-weight: 400;
  }
  .quiet {
    color: var(--_text3);
  }
  .word {
    display: inline-flex;
    align-items: center;
    gap: 6px;
    flex: none;
  }
  .sw {
    width: 10px;
    height: 10px;
    flex: none;
  }
  .spark {
    flex: 1 1 32px;
    max-width: 72px;
    height: 20px;
    margin-inline-start: auto;
    overflow: visible;
  }
  .spark path {
    fill: none;
    vector-effect: non-scaling-stroke;
  }
  .spark .line {
    stroke: var(--_text2);
    stroke-width: 1.25;
    stroke-linejoin: round;
    stroke-linecap: round;
  }
  .spark .worst {
    stroke: var(--_bad);
    stroke-width: 1.25;
  }
  .spark .at {
    stroke: var(--_budget);
    stroke-width: 1;
    stroke-dasharray: 2 3;
  }
  .spark .hatch {
    stroke: var(--_repeat);
    stroke-width: 1.2;
  }
  .lines > .tags {
    justify-content: start;
    flex-wrap: wrap;
    gap: 3px 4px;
    padding-block: 2px;
  }
  .tag {
    max-width: 100%;
    min-height: 20px;
    padding: 0 6px;
    border: 1px solid var(--_control);
    border-radius: 4px;
    background: none;
    color: var(--_text2);
    font-size: var(--_size-xs);
    line-height: 16px;
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  button.tag {
    pointer-events: auto;
    cursor: pointer;
  }
  button.tag:hover {
    color: var(--_text);
    background: var(--_surface);
  }
  .more {
    position: relative;
    align-self: center;
    min-width: 26px;
    padding: 0;
    color: var(--_text2);
  }
  .row .btn.ghost:hover {
    background: var(--_surface);
  }
  .open {
    grid-column: 1 / -1;
    position: relative;
    display: grid;
    gap: 6px;
    margin-block: 6px 2px;
    padding-inline-end: 10px;
  }
  .acts {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 6px;
  }
  .acts .btn {
    padding-inline: 8px;
    border-color: var(--_control);
  }
  .acts .btn.bad {
    border-color: var(--_bad);
  }
  .acts .what {
    font-size: var(--_size-s);
    color: var(--_text3);
  }
  .open textarea {
    width: 100%;
    min-height: 54px;
    padding: 4px 8px;
    border: 1px solid var(--_control);
    border-radius: 6px;
    background: var(--_surface);
    color: var(--_text);
    font: inherit;
    font-size: var(--_size-s);
    resize: vertical;
  }
  .noted {
    margin: 0;
    font-size: var(--_size-s);
    line-height: 18px;
    color: var(--_text2);
    overflow-wrap: anywhere;
    white-space: pre-line;
  }
  .lines .file {
    overflow-wrap: anywhere;
    white-space: normal;
  }
  .lines .note {
    white-space: normal;
  }
  .say {
    padding: 10px 16px 12px;
    border-top: 1px solid var(--_hairline);
  }
  .undo {
    display: flex;
    align-items: center;
    justify-content: space-between;
    gap: 8px;
    padding-block: 8px;
  }
  .foot {
    display: flex;
    flex-wrap: wrap;
    gap: 4px;
    padding: 6px 8px;
    border-top: 1px solid var(--_hairline);
    margin-top: -1px;
  }
  .foot .btn {
    padding-inline: 8px;
    color: var(--_text2);
  }
  @container (min-width: 560px) {
    .rows {
      grid-template-columns: repeat(auto-fill, minmax(272px, 1fr));
      max-height: var(--pf-recordings-height, 476px);
    }
    .find .line {
      flex: 0 1 420px;
    }
  }
  @container (max-width: 719px) {
    :host(:not([side])) .rows {
      max-height: var(--pf-recordings-height, 560px);
    }
  }
  @container (max-width: 340px) {
    :host(:not([side])) .row {
      padding-inline-start: 12px;
    }
    :host(:not([side])) .row.picking {
      padding-inline-start: 40px;
    }
    :host(:not([side])) .say {
      padding-inline: 12px;
    }
  }
  @media (forced-colors: active) {
    .row.on {
      outline: 2px solid Highlight;
      outline-offset: -2px;
    }
  }
  @media print {
    .card {
      display: none;
    }
  }
`;
