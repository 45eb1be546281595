// Table, histogram and counters of a range, with their narrow and panel forms.
import { css } from 'lit';

export const tableStyles = css`
  .head h2 {
    white-space: nowrap;
  }
  .state {
    padding: 10px 16px;
    border-top: 1px solid var(--_hairline);
  }
  .body {
    display: grid;
    grid-template-columns: minmax(0, 1.22fr) minmax(0, 1fr);
    border-top: 1px solid var(--_hairline);
  }
  .quantiles {
    position: relative;
    min-width: 0;
    overflow-x: auto;
  }
  .spread {
    min-width: 0;
    padding: 6px 16px 10px;
    border-inline-start: 1px solid var(--_hairline);
  }
  .caption {
    display: flex;
    align-items: center;
    gap: 4px 8px;
    min-height: 28px;
    margin-bottom: 4px;
    font-size: var(--_size-s);
    line-height: 18px;
  }
  .caption b {
    font-weight: 600;
  }
  .canvas {
    position: relative;
    height: 158px;
    direction: ltr;
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
  .group {
    border-radius: 4px;
  }
  table {
    width: 100%;
    border-collapse: collapse;
  }
  th, td {
    height: 31px;
    padding: 0 8px;
    text-align: end;
    white-space: nowrap;
    font-weight: 400;
  }
  thead th {
    height: 28px;
    font-size: var(--_size-xs);
    font-weight: 500;
    color: var(--_text3);
  }
  th:first-child {
    padding-inline-start: 16px;
    text-align: start;
  }
  th:last-child, td:last-child {
    padding-inline-end: 16px;
  }
  tbody tr {
    border-top: 1px solid var(--_hairline);
  }
  tbody th .sw {
    display: inline-block;
    margin-inline-end: 8px;
    vertical-align: -1px;
  }
  .due {
    visibility: hidden;
  }
  .total th, .total td {
    font-weight: 600;
  }
  .total .plain {
    font-weight: 400;
  }
  td.over {
    color: var(--_bad);
    font-weight: 600;
  }
  .few {
    margin-inline-start: 4px;
    font-size: var(--_size-xs);
    font-weight: 400;
    color: var(--_text3);
  }
  .sw {
    width: 10px;
    height: 10px;
    overflow: hidden;
  }
  .bar {
    width: 56px;
    height: 8px;
    margin-inline-end: 8px;
    border-radius: 2px;
    vertical-align: 0;
  }
  .bar .ground {
    fill: var(--_raised);
  }
  .bar .full {
    fill: var(--k);
  }
  .percent {
    display: inline-block;
    min-width: 36px;
  }
  .excess {
    padding: 10px 16px 8px;
    border-top: 1px solid var(--_hairline);
  }
  .share {
    position: relative;
    height: 18px;
    margin: 6px 0 4px;
    border-radius: 3px;
    overflow: hidden;
    background: var(--_raised);
  }
  .keys {
    display: flex;
    flex-wrap: wrap;
    gap: 2px 14px;
    font-size: var(--_size-s);
    line-height: 18px;
    color: var(--_text2);
  }
  .keys li {
    display: inline-flex;
    align-items: center;
    gap: 6px;
  }
  .counters {
    display: flex;
    flex-wrap: wrap;
    gap: 2px 20px;
    padding: 0 16px 12px;
    font-size: var(--_size-s);
    line-height: 18px;
  }
  .counters div {
    display: flex;
    gap: 6px;
  }
  .counters dt {
    color: var(--_text3);
  }
  /* Room for what comes: its neighbours stay. */
  .counters dd {
    min-width: 7ch;
  }
  .twin {
    position: relative;
    max-height: 320px;
    overflow: auto;
    border-top: 1px solid var(--_hairline);
    overscroll-behavior: contain;
    font-size: var(--_size-s);
  }
  .twin thead th {
    position: sticky;
    top: 0;
    background: var(--_surface);
    box-shadow: inset 0 -1px 0 var(--_hairline);
  }
  .twin:focus-visible {
    outline-offset: -2px;
  }
  .only-narrow, .four {
    display: none;
  }
  @media (forced-colors: active) {
    .bar {
      forced-color-adjust: none;
    }
    .bar .ground {
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
    /* A line of its own: what comes into it moves nothing below. */
    .head .t2 {
      order: 1;
      flex-basis: 100%;
      min-height: 18px;
    }
    .head .seg {
      margin-inline-start: auto;
    }
    .excess p {
      min-height: 36px;
    }
    .body {
      grid-template-columns: minmax(0, 1fr);
    }
    .spread {
      padding: 10px 12px;
      border-inline-start: 0;
      border-top: 1px solid var(--_hairline);
    }
    .not-narrow {
      display: none;
    }
    .only-narrow {
      display: block;
    }
    th:first-child {
      padding-inline-start: 12px;
    }
    th:last-child, td:last-child, th:nth-last-child(2), td:nth-last-child(2) {
      padding-inline-end: 12px;
    }
    .canvas {
      height: 140px;
    }
    .state, .excess {
      padding: 10px 12px;
    }
    .counters {
      padding: 0 12px 10px;
    }
  }
  @container (max-width: 340px) {
    .four {
      display: block;
    }
    .body, .excess, .counters, .twin {
      display: none;
    }
    .four dl {
      display: grid;
      grid-template-columns: 1fr 1fr;
      gap: 1px;
      border-top: 1px solid var(--_hairline);
      border-radius: 0 0 7px 7px;
      overflow: hidden;
      background: var(--_hairline);
    }
    .four div {
      padding: 8px 12px;
      background: var(--_surface);
    }
    .four dt {
      font-size: var(--_size-s);
      color: var(--_text3);
    }
    .four dd {
      font-size: 18px;
      line-height: 24px;
      font-weight: 600;
    }
    .four .over dd {
      color: var(--_bad);
    }
  }
  @media print {
    .btn, .seg {
      display: none;
    }
    .card {
      break-inside: avoid;
    }
  }
`;
