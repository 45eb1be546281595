// Head, verdict and timeline of one recording.
import { css } from 'lit';

export const detailStyles = css`
  .stack {
    display: grid;
    grid-template-columns: minmax(0, 1fr);
    gap: 16px;
  }
  .deep {
    display: grid;
    grid-template-columns: minmax(0, 1fr);
    gap: 16px;
    align-items: start;
  }
  .headrow {
    display: flex;
    flex-wrap: wrap;
    align-items: flex-end;
    gap: 8px 16px;
  }
  .headrow > :first-child {
    flex: 1 1 320px;
    min-width: 0;
  }
  /* A dialog that is closed takes no place, and no gap. */
  .headrow pf-report {
    display: contents;
  }
  .mark {
    display: flex;
    flex-wrap: wrap;
    gap: 8px;
  }
  .acts {
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
  .markers {
    display: flex;
    flex-wrap: wrap;
    gap: 6px;
  }
  .markers .btn {
    max-width: 100%;
    white-space: normal;
    text-align: start;
  }
  h1 {
    font-size: 20px;
    line-height: 25px;
    font-weight: 600;
    letter-spacing: -0.01em;
  }
  .meta {
    display: flex;
    flex-wrap: wrap;
    gap: 0 14px;
    margin-top: 2px;
    font-size: var(--_size-s);
    line-height: 18px;
    color: var(--_text2);
  }
  .meta span {
    overflow-wrap: anywhere;
  }
  .pad {
    padding: 12px 16px;
  }
  .say {
    display: grid;
    gap: 4px;
    padding: 16px 16px 12px;
    min-height: 52px;
  }
  /* Room for a sentence and two findings: what comes moves the timeline little. */
  .say.loading {
    min-height: 200px;
  }
  .say p {
    max-width: 92ch;
    color: var(--_text2);
    text-wrap: pretty;
  }
  .say .big {
    font-size: 17px;
    line-height: 24px;
    font-weight: 600;
    letter-spacing: -0.005em;
    color: var(--_text);
  }
  .sight {
    padding: 8px 16px 10px;
    border-top: 1px solid var(--_hairline);
    font-size: var(--_size-s);
    line-height: 18px;
    color: var(--_text3);
  }
  .findings li {
    border-top: 1px solid var(--_hairline);
  }
  .finding {
    display: grid;
    grid-template-columns: 24px 120px minmax(0, 1fr) auto;
    gap: 4px 12px;
    width: 100%;
    padding: 10px 16px;
    border: 0;
    background: none;
    color: var(--_text2);
    font: inherit;
    text-align: start;
    cursor: pointer;
  }
  .finding:hover {
    background: var(--_raised);
  }
  .finding[aria-pressed='true'] {
    background: color-mix(in srgb, var(--_accent) 16%, transparent);
  }
  .finding:focus-visible {
    outline-offset: -2px;
  }
  @media (forced-colors: active) {
    .finding[aria-pressed='true'] {
      border-inline-start: 4px solid Highlight;
      padding-inline-start: 12px;
    }
  }
  .finding b {
    font-weight: 600;
    color: var(--_text);
  }
  .no {
    display: grid;
    place-items: center;
    width: 18px;
    height: 18px;
    border: 1px solid var(--_control);
    border-radius: 4px;
    font-size: var(--_size-xs);
    font-weight: 600;
    color: var(--_text);
  }
  .side {
    display: grid;
    grid-template-columns: 14px minmax(0, 1fr);
    gap: 0 6px;
    align-content: start;
    align-items: center;
  }
  .side .t3 {
    grid-column: 2;
  }
  .what {
    display: grid;
    gap: 2px;
    max-width: 92ch;
    text-wrap: pretty;
  }
  .finding .t3 {
    font-size: var(--_size-s);
    line-height: 18px;
    color: var(--_text3);
  }
  .figures {
    display: flex;
    gap: 0 16px;
    text-align: end;
  }
  .figures > span {
    display: grid;
    align-content: start;
    min-width: 72px;
  }
  .sw {
    display: block;
    width: 10px;
    height: 10px;
    overflow: hidden;
  }
  .timeline {
    overflow: clip;
  }
  .timeline pf-latency-chart, .timeline pf-throughput-chart, .timeline pf-health-chart {
    border-top: 1px solid var(--_hairline);
  }
  .keys {
    display: flex;
    flex-wrap: wrap;
    gap: 4px 14px;
    padding: 8px 16px;
    border-top: 1px solid var(--_hairline);
    font-size: var(--_size-s);
    line-height: 20px;
    color: var(--_text3);
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
  /* The page's 1840 without its side column. */
  @container (min-width: 1520px) {
    .deep:has(pf-quantile-table) {
      grid-template-columns: minmax(0, 1fr) 520px;
    }
  }
  @container (max-width: 719px) {
    .head {
      padding-inline: 12px 8px;
    }
    .stack {
      gap: 12px;
    }
    h1 {
      font-size: 18px;
    }
    .pad, .say {
      padding: 12px;
    }
    .sight {
      padding: 8px 12px;
    }
    .keys, .wide {
      display: none;
    }
    .finding {
      grid-template-columns: 24px minmax(0, 1fr) auto;
      padding: 10px 12px;
    }
    .what {
      grid-column: 2 / -1;
      grid-row: 2;
    }
    .figures {
      gap: 0 12px;
    }
    .figures > span {
      min-width: 0;
    }
  }
  /* A panel has no room for everything that was counted: the page one click away has. */
  @container (max-width: 340px) {
    .timeline pf-health-chart {
      display: none;
    }
    .stack {
      gap: 8px;
    }
  }
`;
