// <pf-test-stream>: form, plan, progress, report; by its own width.
import { css } from 'lit';

export const testStreamStyles = css`
  .body {
    display: grid;
    grid-template-columns: minmax(0, 1fr);
    gap: 16px;
    padding: 0 16px 16px;
  }
  .head .seg {
    flex-wrap: wrap;
  }
  details {
    font-size: var(--_size-s);
  }
  summary {
    cursor: pointer;
    color: var(--_text2);
    line-height: 18px;
    padding-block: 2px;
  }
  form, .own {
    display: grid;
    grid-template-columns: minmax(0, 1fr);
    gap: 12px;
  }
  .fields {
    display: grid;
    grid-template-columns: repeat(auto-fit, minmax(112px, 1fr));
    gap: 8px 12px;
    padding-top: 8px;
  }
  .faults {
    display: grid;
    grid-template-columns: minmax(0, 1fr);
    gap: 8px;
  }
  .fault {
    display: grid;
    grid-template-columns: 20px minmax(0, 1fr) auto;
    gap: 8px 12px;
    align-items: end;
    padding: 8px 12px;
    border: 1px solid var(--_hairline);
    border-radius: 6px;
  }
  .ins {
    display: grid;
    grid-template-columns: minmax(0, 2fr) repeat(4, minmax(0, 1fr));
    gap: 8px 12px;
  }
  .fault > .btn {
    min-height: calc(var(--_target) + 2px);
  }
  .no {
    width: 20px;
    min-height: 20px;
    margin-bottom: 5px;
    border: 1px solid var(--_control);
    border-radius: 4px;
    text-align: center;
    font-size: var(--_size-xs);
    line-height: 18px;
    font-weight: 600;
  }
  .kind {
    display: grid;
    grid-template-columns: 10px minmax(0, 1fr);
    gap: 8px;
    align-items: center;
  }
  .sw {
    width: 10px;
    height: 10px;
  }
  .plan {
    display: block;
    width: 100%;
    height: 68px;
    overflow: visible;
    font-size: var(--_size-xs);
  }
  .plan text {
    fill: var(--_text3);
    font-size: var(--_size-xs);
  }
  .plan .label {
    fill: var(--_text);
    font-weight: 600;
  }
  .plan .grid {
    stroke: var(--_grid);
  }
  .plan .stream {
    fill: var(--_raised);
    stroke: var(--_control);
  }
  .plan .now {
    stroke: var(--_accent);
    stroke-width: 2;
  }
  .hatched {
    stroke: var(--_repeat);
    stroke-width: 3;
  }
  .mark {
    stroke-width: 2;
  }
  .mark.hatch {
    fill: url(#hatch);
    stroke: var(--_repeat);
    stroke-width: 1;
  }
  .m-encode {
    fill: var(--_encode);
    stroke: var(--_encode);
  }
  .m-capture {
    fill: var(--_capture);
    stroke: var(--_capture);
  }
  .m-send {
    fill: var(--_send);
    stroke: var(--_send);
  }
  .m-bad {
    fill: var(--_bad);
    stroke: var(--_bad);
  }
  .m-text2 {
    fill: none;
    stroke: var(--_text2);
  }
  .m-text3 {
    fill: var(--_text3);
    stroke: none;
  }
  .own textarea {
    width: 100%;
    min-height: 220px;
    resize: vertical;
    padding: 8px;
    border: 1px solid var(--_control);
    border-radius: 6px;
    background: var(--_surface);
    color: var(--_text);
    font: var(--_size-s) / 18px ui-monospace, 'SF Mono', Menlo, Consolas, monospace;
    tab-size: 2;
  }
  .acts {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 8px 12px;
  }
  .acts .btn {
    min-height: max(32px, var(--_target));
  }
  .check {
    display: flex;
    gap: 8px;
    align-items: baseline;
    font-size: var(--_size-s);
  }
  .check input {
    margin: 0;
    translate: 0 2px;
    accent-color: var(--_accent);
  }
  .check .t3 {
    display: block;
  }
  progress {
    display: block;
    width: 100%;
    height: 4px;
    margin-top: 4px;
    border: 0;
    border-radius: 2px;
    overflow: hidden;
    appearance: none;
    background: var(--_raised);
    accent-color: var(--_text2);
  }
  progress::-webkit-progress-bar {
    background: var(--_raised);
  }
  progress::-webkit-progress-value {
    background: var(--_text2);
  }
  progress::-moz-progress-bar {
    background: var(--_text2);
  }
  .doing {
    font-weight: 600;
  }
  .outcome {
    display: grid;
    grid-template-columns: minmax(0, 1fr);
    gap: 12px;
    padding-top: 14px;
    border-top: 1px solid var(--_hairline);
  }
  .verdict {
    font-weight: 600;
  }
  .problems {
    display: grid;
    gap: 4px;
    font-size: var(--_size-s);
    line-height: 18px;
    color: var(--_text2);
  }
  .tables {
    display: grid;
    gap: 12px;
  }
  dl {
    display: grid;
    grid-template-columns: minmax(0, 1fr) auto;
    align-content: start;
    gap: 2px 12px;
    font-size: var(--_size-s);
    line-height: 18px;
  }
  dt {
    color: var(--_text3);
  }
  dd {
    text-align: end;
    white-space: nowrap;
  }
  table {
    width: 100%;
    border-collapse: collapse;
    font-size: var(--_size-s);
  }
  th, td {
    height: 27px;
    padding: 0 0 0 12px;
    text-align: end;
    font-weight: 400;
    white-space: nowrap;
  }
  th:first-child {
    text-align: start;
    padding-inline: 0;
  }
  thead th {
    font-size: var(--_size-xs);
    font-weight: 500;
    color: var(--_text3);
  }
  tbody tr {
    border-top: 1px solid var(--_hairline);
  }
  @container (min-width: 560px) {
    .tables {
      grid-template-columns: minmax(0, 1fr) minmax(0, 1fr);
      gap: 12px 32px;
      align-items: start;
    }
    .tables > div {
      grid-column: 1 / -1;
    }
  }
  @container (max-width: 719px) {
    .fault {
      grid-template-columns: 20px minmax(0, 1fr);
      align-items: start;
    }
    .ins {
      grid-template-columns: repeat(3, minmax(0, 1fr));
      align-items: end;
    }
    .ins .what {
      grid-column: 1 / -1;
    }
    .fault > .btn {
      grid-column: 2;
      justify-self: start;
    }
    .head .seg {
      order: 1;
      flex-basis: 100%;
    }
    .head .seg button {
      flex: 1 1 auto;
    }
  }
  @container (max-width: 559px) {
    .acts .btn {
      flex: 1;
    }
  }
  @container (max-width: 420px) {
    .ins {
      grid-template-columns: repeat(2, minmax(0, 1fr));
    }
  }
  @container (max-width: 340px) {
    :host(:not([side])) .body {
      padding: 0 12px 12px;
    }
  }
  @media (forced-colors: active) {
    .plan {
      forced-color-adjust: none;
    }
  }
`;
