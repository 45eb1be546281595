// What the live view has besides what a finished recording’s looks like: its state, and figures out of windows.
import { css } from 'lit';

export const liveStyles = css`
  .mark {
    display: flex;
    flex-wrap: wrap;
    gap: 8px;
  }
  .mark input {
    flex: 1 1 140px;
    min-width: 0;
    min-height: var(--_target);
    padding: 0 8px;
    border: 1px solid var(--_control);
    border-radius: 6px;
    background: var(--_surface);
    font-size: var(--_size-s);
  }
  @media print {
    .mark {
      display: none;
    }
  }
  .titlerow {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 4px 12px;
    min-height: 28px;
  }
  .chip {
    display: inline-flex;
    align-items: center;
    gap: 6px;
    font-size: var(--_size-s);
    line-height: 18px;
    color: var(--_text2);
  }
  .chip .dot {
    width: 8px;
    height: 8px;
    border-radius: 50%;
    background: var(--_bad);
  }
  .chip.held .dot {
    border-radius: 1px;
    background: var(--_text3);
  }
  .chip.stale {
    color: var(--_warn);
  }
  .chip.stale .dot {
    border: 1px solid var(--_warn);
    background: none;
  }
  @media (forced-colors: active) {
    .chip .dot {
      forced-color-adjust: none;
      background: CanvasText;
    }
    .chip.stale .dot {
      border-color: CanvasText;
      background: none;
    }
  }
  .mark .field {
    position: relative;
    display: flex;
    flex: 1 1 260px;
    min-width: 0;
  }
  /* The moment has its place before it is there: nothing moves. */
  .mark input {
    padding-inline-end: 92px;
  }
  #mark-at {
    position: absolute;
    inset-inline-end: 8px;
    inset-block: 0;
    align-content: center;
    pointer-events: none;
  }
  .ended {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 8px 16px;
  }
  .ended p {
    flex: 1 1 320px;
    max-width: 92ch;
    color: var(--_text2);
    text-wrap: pretty;
  }
  .ended b {
    font-weight: 600;
    color: var(--_text);
  }
  .range .facts {
    display: flex;
    flex-wrap: wrap;
    gap: 4px 24px;
    padding: 8px 16px;
    border-top: 1px solid var(--_hairline);
  }
  .range .facts div {
    display: flex;
    gap: 6px;
    font-size: var(--_size-s);
    line-height: 18px;
  }
  .range dt {
    color: var(--_text3);
  }
  .range .scroll {
    overflow-x: auto;
    border-top: 1px solid var(--_hairline);
  }
  .range table {
    width: 100%;
    max-width: 640px;
    border-collapse: collapse;
  }
  .range th, .range td {
    height: 27px;
    padding: 0 16px;
    text-align: end;
    white-space: nowrap;
    font-weight: 400;
  }
  .range th:first-child {
    text-align: start;
  }
  .range thead th {
    font-size: var(--_size-xs);
    font-weight: 500;
    color: var(--_text3);
  }
  .range tbody tr {
    border-top: 1px solid var(--_hairline);
  }
  .range th .sw {
    display: inline-block;
    margin-inline-end: 8px;
    vertical-align: -1px;
  }
  .range .total th, .range .total td {
    font-weight: 600;
  }
  .range .over {
    color: var(--_bad);
    font-weight: 600;
  }
  .timeline > * + pf-latency-chart, .timeline > * + pf-throughput-chart, .timeline > * + pf-health-chart {
    border-top: 1px solid var(--_hairline);
  }
  @container (max-width: 719px) {
    .range .facts, .range th, .range td {
      padding-inline: 12px;
    }
    .timeline .head {
      flex-wrap: wrap;
      height: auto;
      min-height: 44px;
      padding-block: 6px;
    }
  }
  /* A panel: the answer and the timeline, without bitrate's and health's rows. */
  @container (max-width: 340px) {
    .range th, .range td {
      padding-inline: 6px;
    }
    .range thead th {
      white-space: normal;
    }
    pf-health-chart {
      display: none;
    }
  }
`;
