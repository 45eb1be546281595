// The strip, its legend, and the path of one frame beside it; their narrow and panel forms.
import { css } from 'lit';

export const stripStyles = css`
  /* Not disabled in earnest: at the last outlier the focus, and with it the keys, stays where it is. */
  .btn[aria-disabled='true'] {
    cursor: default;
    color: var(--_text3);
    background: var(--_raised);
  }
  .state {
    padding: 10px 16px;
    border-top: 1px solid var(--_hairline);
  }
  .body {
    display: grid;
    grid-template-columns: minmax(0, 1fr) 280px;
    border-top: 1px solid var(--_hairline);
  }
  .strip {
    min-width: 0;
    padding: 10px 16px 12px;
  }
  .plot {
    position: relative;
    height: 174px;
    direction: ltr;
    cursor: crosshair;
    touch-action: pan-y;
  }
  canvas {
    position: absolute;
    inset: 0;
    width: 100%;
    height: 100%;
  }
  .probe {
    font-size: var(--_size-xs);
  }
  .legend {
    display: flex;
    flex-wrap: wrap;
    gap: 2px 14px;
    margin-top: 6px;
    font-size: var(--_size-s);
    line-height: 18px;
    color: var(--_text2);
  }
  .legend li {
    display: inline-flex;
    align-items: center;
    gap: 6px;
  }
  .glyph {
    width: 10px;
    height: 10px;
    fill: none;
    stroke-width: 1.5;
    overflow: visible;
  }
  .glyph .solid {
    fill: var(--_text);
  }
  .glyph .line {
    stroke: var(--_text);
  }
  .glyph .again {
    stroke: var(--_repeat);
    stroke-width: 1.2;
  }
  .glyph .cross {
    stroke: var(--_bad);
  }
  .path {
    min-width: 0;
    min-height: 236px;
    padding: 10px 16px 12px;
    border-inline-start: 1px solid var(--_hairline);
  }
  .which {
    display: flex;
    flex-wrap: wrap;
    justify-content: space-between;
    gap: 0 12px;
    font-size: var(--_size-s);
    line-height: 18px;
  }
  .which b {
    font-weight: 600;
  }
  .total {
    font-size: 17px;
    line-height: 24px;
    font-weight: 600;
  }
  .total span {
    font-size: var(--_size);
    font-weight: 400;
    color: var(--_text2);
  }
  .steps {
    display: grid;
    grid-template-columns: 14px minmax(0, auto) minmax(0, 1fr) auto;
    gap: 0 6px;
    margin-block: 8px;
    font-size: var(--_size-s);
    line-height: 20px;
  }
  .steps li {
    display: contents;
  }
  .steps li > * {
    align-self: center;
  }
  .sw {
    display: block;
    width: 10px;
    height: 10px;
    overflow: hidden;
  }
  .track {
    width: 100%;
    height: 8px;
    border-radius: 2px;
    direction: ltr;
  }
  .track .ground {
    fill: var(--_raised);
  }
  .track .full {
    fill: var(--k);
  }
  .ending {
    font-size: var(--_size-s);
    line-height: 18px;
    font-weight: 600;
    color: var(--_bad);
  }
  kbd {
    display: inline-block;
    min-width: 18px;
    padding: 0 4px;
    border: 1px solid var(--_hairline);
    border-bottom-width: 2px;
    border-radius: 4px;
    background: var(--_surface);
    color: var(--_text2);
    font: inherit;
    font-size: var(--_size-xs);
    line-height: 16px;
    text-align: center;
  }
  .group {
    border-radius: 4px;
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
  .kind {
    text-align: start;
    padding-inline-end: 16px;
  }
  tbody tr {
    border-top: 1px solid var(--_hairline);
  }
  tr[aria-current] {
    background: var(--_tint);
  }
  tr[aria-current] th {
    font-weight: 600;
  }
  td.over {
    color: var(--_bad);
    font-weight: 600;
  }
  @media (forced-colors: active) {
    .track {
      forced-color-adjust: none;
    }
    .track .ground {
      stroke: CanvasText;
    }
  }
  @container (max-width: 719px) {
    .head {
      padding-inline: 12px 8px;
    }
    .head .grow {
      display: none;
    }
    .body {
      grid-template-columns: minmax(0, 1fr);
    }
    .strip {
      padding: 10px 12px 12px;
    }
    .plot {
      height: 146px;
    }
    .path {
      padding: 10px 12px 12px;
      border-inline-start: 0;
      border-top: 1px solid var(--_hairline);
    }
    .state {
      padding: 8px 12px;
    }
    kbd {
      display: none;
    }
  }
  @media print {
    .btn {
      display: none;
    }
    .card {
      break-inside: avoid;
    }
  }
`;
