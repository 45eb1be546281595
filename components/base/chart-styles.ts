// Lanes: label, plot, readout; their narrow and panel forms; axis, cursor and table twin.
import { css } from 'lit';

export const chartStyles = css`
  .group {
    position: relative;
    outline-offset: -2px;
  }
  .group:focus-visible {
    border-radius: 8px;
  }
  .lane {
    display: grid;
    grid-template-columns: 88px minmax(0, 1fr) 168px;
    border-top: 1px solid var(--_hairline);
    padding-block: 6px;
  }
  .lane.axis {
    padding-block: 0;
    border-top: 0;
  }
  .card > .group > .lane.axis {
    border-top: 1px solid var(--_hairline);
  }
  :host([lane]) .lane.first {
    border-top: 0;
  }
  .label {
    padding-inline: 16px 0;
    min-width: 0;
  }
  /* Words may stand over the column of ticks: those lie at its right end. */
  @container (min-width: 720px) {
    .label {
      margin-inline-end: -16px;
    }
  }
  .label b {
    display: block;
    font-size: var(--_size-s);
    line-height: 16px;
    font-weight: 600;
  }
  .label span {
    display: block;
    font-size: var(--_size-xs);
    line-height: 14px;
    color: var(--_text3);
  }
  .plot {
    position: relative;
    direction: ltr;
    min-width: 0;
    touch-action: pan-y;
    cursor: crosshair;
  }
  .canvas {
    position: relative;
    width: 100%;
    height: 100%;
  }
  .canvas canvas {
    max-width: 100%;
  }
  .h-latency {
    height: 172px;
  }
  .h-worst {
    height: 52px;
  }
  .h-frames {
    height: 60px;
  }
  .h-bitrate {
    height: 48px;
  }
  .h-health {
    height: 76px;
  }
  .h-axis {
    height: 26px;
    cursor: default;
  }
  .h-axis svg {
    display: block;
    width: 100%;
    height: 100%;
    overflow: visible;
  }
  .h-axis text {
    fill: var(--_text3);
    font-size: var(--_size-xs);
  }
  .h-axis rect {
    fill: var(--_control);
  }
  .cursor {
    position: absolute;
    inset-block: -7px;
    left: 0;
    width: 1px;
    background: var(--_text);
    pointer-events: none;
  }
  .lane.last .cursor {
    bottom: 0;
  }
  :host([no-axis]) .lane.first .cursor {
    top: -6px;
  }
  .lane.axis .cursor {
    inset-block: auto 0;
    height: 6px;
  }
  .brush {
    position: absolute;
    inset-block: -7px;
    left: 0;
    border-inline: 1px solid var(--_accent);
    background: color-mix(in srgb, var(--_accent) 16%, transparent);
    pointer-events: none;
  }
  .lane.last .brush {
    bottom: 0;
  }
  .brush i {
    position: absolute;
    inset-block: 0;
    width: 9px;
    cursor: ew-resize;
    pointer-events: auto;
    touch-action: none;
  }
  .brush [data-end='from'] {
    left: -5px;
  }
  .brush [data-end='to'] {
    right: -5px;
  }
  .lane.axis .brush {
    inset-block: auto 0;
    height: 6px;
    background: var(--_accent);
  }
  @media (pointer: coarse) {
    .brush i {
      width: 44px;
    }
    .brush [data-end='from'] {
      left: -34px;
    }
    .brush [data-end='to'] {
      right: -34px;
    }
  }
  @media (forced-colors: active) {
    .brush, .lane.axis .brush {
      forced-color-adjust: none;
      border-color: Highlight;
      background: color-mix(in srgb, Highlight 24%, transparent);
    }
    .lane.axis .brush {
      background: Highlight;
    }
  }
  .badge {
    position: absolute;
    top: 1px;
    left: 0;
    padding: 0 5px;
    border-radius: 3px;
    background: var(--_text);
    color: var(--_surface);
    font-size: var(--_size-xs);
    font-weight: 600;
    line-height: 18px;
    white-space: nowrap;
    pointer-events: none;
  }
  @media (forced-colors: active) {
    .badge {
      forced-color-adjust: none;
      border: 1px solid CanvasText;
    }
  }
  .read {
    padding-inline: 12px 16px;
    font-size: var(--_size-s);
  }
  .read dl {
    display: grid;
    gap: 0;
  }
  .read div {
    display: grid;
    /* A value of four digits has its room before it is there. */
    grid-template-columns: 14px minmax(0, 1fr) minmax(28px, auto);
    gap: 0 6px;
    align-items: center;
    line-height: 18px;
    min-height: 18px;
  }
  .read .bare {
    grid-template-columns: minmax(0, 1fr) auto;
  }
  .read dd {
    text-align: end;
    white-space: nowrap;
  }
  .read .over dd {
    color: var(--_bad);
    font-weight: 600;
  }
  .sw {
    display: block;
    width: 10px;
    height: 10px;
    overflow: hidden;
  }
  .probe {
    font-size: var(--_size-xs);
  }
  .state {
    padding: 10px 16px;
    border-top: 1px solid var(--_hairline);
  }
  .over-plot {
    position: absolute;
    inset: 0;
    display: grid;
    place-items: center;
    padding: 8px;
    text-align: center;
    color: var(--_text3);
    font-size: var(--_size-s);
    line-height: 18px;
    pointer-events: none;
  }
  .twin {
    position: relative;
    max-height: 320px;
    overflow: auto;
    border-top: 1px solid var(--_hairline);
    overscroll-behavior: contain;
  }
  .twin:focus-visible {
    outline-offset: -2px;
  }
  table {
    width: 100%;
    border-collapse: collapse;
    font-size: var(--_size-s);
  }
  caption {
    text-align: start;
    padding: 6px 16px;
    color: var(--_text3);
    font-size: var(--_size-xs);
  }
  th, td {
    height: 27px;
    padding: 0 10px;
    text-align: end;
    white-space: nowrap;
    font-weight: 400;
  }
  thead th {
    position: sticky;
    top: 0;
    background: var(--_surface);
    color: var(--_text3);
    font-size: var(--_size-xs);
    font-weight: 500;
    box-shadow: inset 0 -1px 0 var(--_hairline);
  }
  th:first-child {
    text-align: start;
    padding-inline-start: 16px;
  }
  td:last-child, th:last-child {
    padding-inline-end: 16px;
  }
  tbody tr {
    border-top: 1px solid var(--_hairline);
  }
  td.over {
    color: var(--_bad);
    font-weight: 600;
  }
  @container (max-width: 719px) {
    .head {
      padding-inline: 12px 8px;
    }
    .lane {
      grid-template-columns: minmax(0, 1fr);
      gap: 4px;
      padding: 8px 12px;
    }
    .lane.axis {
      padding: 0 12px;
    }
    .label {
      display: flex;
      align-items: baseline;
      gap: 6px;
      padding: 0;
    }
    .label span {
      font-size: var(--_size-xs);
    }
    .lane.axis .label, .lane.axis .read {
      display: none;
    }
    .h-latency {
      height: 132px;
    }
    .h-worst {
      height: 40px;
    }
    .h-frames {
      height: 48px;
    }
    .h-bitrate {
      height: 40px;
    }
    .h-health {
      height: 80px;
    }
    .cursor, .lane.last .cursor, .brush {
      inset-block: 0;
    }
    .read {
      padding: 0;
    }
    .read dl {
      display: flex;
      flex-wrap: wrap;
      gap: 0 12px;
    }
    .read div {
      display: inline-flex;
      gap: 5px;
    }
    .read .blank {
      display: none;
    }
    .state {
      padding: 8px 12px;
    }
    .note.keys {
      display: none;
    }
    th:first-child, caption {
      padding-inline-start: 12px;
    }
  }
  @container (max-width: 340px) {
    .h-latency {
      height: 96px;
    }
    /* In a panel the table has them. */
    :host([lane]) .lane:has(.h-bitrate) {
      display: none;
    }
  }
  @media print {
    .lane {
      break-inside: avoid;
    }
    .cursor, .badge, .brush {
      print-color-adjust: exact;
    }
    .btn, .seg {
      display: none;
    }
    .card {
      break-inside: avoid;
    }
  }
`;
