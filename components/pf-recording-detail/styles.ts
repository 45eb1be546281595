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
  .acts {
    display: flex;
    flex-wrap: wrap;
    gap: 8px;
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
  .facts summary {
    padding: 9px 16px;
    cursor: pointer;
    font-size: var(--_size-s);
    line-height: 18px;
    font-weight: 500;
  }
  .facts summary:focus-visible {
    outline-offset: -2px;
    border-radius: 8px;
  }
  .groups {
    display: grid;
    grid-template-columns: repeat(auto-fit, minmax(min(100%, 320px), 1fr));
    gap: 8px 32px;
    padding: 4px 16px 14px;
  }
  .groups h2 {
    padding-block: 4px;
    font-size: var(--_size-s);
    color: var(--_text2);
  }
  .groups dl > div {
    display: grid;
    grid-template-columns: 150px minmax(0, 1fr);
    gap: 0 12px;
    padding-block: 3px;
    border-top: 1px solid var(--_hairline);
    font-size: var(--_size-s);
    line-height: 18px;
  }
  .groups dt {
    color: var(--_text3);
  }
  .groups dd {
    overflow-wrap: anywhere;
  }
  .paper table {
    width: 100%;
    border-collapse: collapse;
    font-size: var(--_size-s);
    line-height: 18px;
  }
  .paper th, .paper td {
    padding: 3px 12px;
    border-top: 1px solid var(--_hairline);
    text-align: start;
    vertical-align: top;
    font-weight: 400;
    overflow-wrap: anywhere;
  }
  .paper th:first-child {
    padding-inline-start: 16px;
    white-space: nowrap;
  }
  .paper thead th {
    font-weight: 600;
  }
  .say {
    display: grid;
    gap: 4px;
    padding: 16px 16px 12px;
    min-height: 52px;
  }
  /* Room for a sentence and three findings, should frames be long on their way. */
  .stack:not(.waits) .loading {
    min-height: 292px;
  }
  .verdict {
    display: grid;
    grid-template-columns: minmax(0, 1fr);
    grid-template-rows: auto;
    align-content: start;
  }
  .unfold {
    padding: 8px 16px 10px;
    border-top: 1px solid var(--_hairline);
  }
  /* Its place is known with the height of the answer. Drawn it is all the same: then it stands there at once. */
  .waits > .deep, .waits > pf-frame-strip, .waits > .facts, .due ~ .facts {
    visibility: hidden;
  }
  /* The place of a recording before it is no room between the parts of this one. */
  .stack {
    align-content: start;
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
  .timeline pf-event-lanes[no-axis], .timeline pf-latency-chart, .timeline pf-throughput-chart, .timeline pf-health-chart {
    border-top: 1px solid var(--_hairline);
  }
  .keys {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 4px 14px;
    padding: 4px 8px 4px 16px;
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
    .deep:has(pf-quantile-table), .deep.due {
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
    .sight, .unfold {
      padding: 8px 12px;
    }
    .stack:not(.waits) .loading {
      min-height: 420px;
    }
    .wide, .wide[data-room], .keys > span {
      display: none;
    }
    .keys {
      padding-inline: 4px;
    }
    .facts summary, .groups {
      padding-inline: 12px;
    }
    .groups dl > div {
      grid-template-columns: minmax(0, 2fr) minmax(0, 3fr);
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
  /* While pages are made: as wide as A4 lying, so that what is measured before is right on paper. */
  :host([printing]) {
    color-scheme: light;
    --pf-patterns: on;
    --pf-sessions-height: none;
  }
  :host([printing]) .frame {
    inline-size: 1040px;
  }
  .printed {
    display: none;
  }
  /* Longer words are on their way: what follows has its place. */
  .wide[data-room] {
    display: inline-block;
    text-align: end;
  }
  .wide[data-room]::after {
    content: attr(data-room);
    display: block;
    height: 0;
    visibility: hidden;
  }
  @media print {
    .verdict {
      min-height: 0 !important;
    }
    .printed {
      display: inline;
    }
    .groups {
      grid-template-columns: repeat(4, minmax(0, 1fr));
      gap: 8px 20px;
    }
    .groups dl > div {
      grid-template-columns: minmax(0, 1fr) minmax(0, 1fr);
    }
    :host, :host([theme]) {
      --pf-ground: #ffffff;
    }
    .btn, .seg, .acts, .markers, .keys, pf-report, pf-keys {
      display: none;
    }
    .stack, .deep {
      display: block;
    }
    .stack > *, .deep > * {
      margin-block-end: 12px;
    }
    .card, .headrow, .paper tr, .finding, .facts .group {
      break-inside: avoid;
    }
    .paper {
      break-inside: auto;
    }
    .paper thead {
      display: table-header-group;
    }
    .timeline {
      overflow: visible;
    }
    .head {
      min-height: 0;
      padding-block: 5px;
    }
    .finding[aria-pressed='true'] {
      outline: 1px solid var(--_text);
      outline-offset: -1px;
    }
    .facts summary {
      list-style: none;
    }
  }
`;
