// Rows of sessions: number, bar over time, figures; scrolls within a bound.
import { css } from 'lit';

export const sessionStyles = css`
  .sessions {
    position: relative;
    border-top: 1px solid var(--_hairline);
  }
  .intro {
    padding: 6px 16px 2px;
    font-size: var(--_size-xs);
    line-height: 16px;
    color: var(--_text3);
  }
  .intro b {
    padding-inline-end: 6px;
    font-size: var(--_size-s);
    font-weight: 600;
    color: var(--_text);
  }
  .rows {
    max-height: var(--pf-sessions-height, 236px);
    overflow: hidden auto;
    overscroll-behavior: contain;
    scrollbar-width: thin;
  }
  /* As wide as the lanes below, whatever a scroll bar takes: one axis for all. */
  .row {
    display: grid;
    grid-template-columns: 88px minmax(0, 1fr) 168px;
    align-items: center;
    inline-size: 100cqi;
    padding-block: 2px;
  }
  .row:hover {
    background: var(--_raised);
  }
  .row.on {
    background: var(--_tint);
    box-shadow: inset 3px 0 0 var(--_accent);
  }
  .row .label {
    padding-inline: 8px 0;
  }
  .pickrow {
    display: block;
    width: 100%;
    min-height: var(--_target);
    padding: 0 8px;
    border: 0;
    border-radius: 6px;
    background: none;
    font-size: var(--_size-s);
    text-align: start;
    cursor: pointer;
  }
  .pickrow[aria-current] {
    font-weight: 600;
  }
  .pickrow:focus-visible {
    outline-offset: -2px;
  }
  .row .plot {
    height: 36px;
  }
  .row svg {
    display: block;
    width: 100%;
    height: 100%;
    overflow: hidden;
  }
  .row text {
    font-size: var(--_size-xs);
    fill: var(--_text2);
  }
  .row.on text {
    fill: var(--_text);
  }
  .bar {
    fill: var(--_new);
  }
  .row.on .bar {
    fill: var(--_text2);
  }
  .base {
    fill: var(--_control);
  }
  .mode {
    fill: var(--_surface);
    stroke: var(--_text);
  }
  .edge {
    fill: var(--_text2);
  }
  .peak {
    fill: var(--_text);
  }
  .peak.over {
    fill: var(--_bad);
  }
  .row .read {
    line-height: 16px;
  }
  .row .read p {
    overflow-wrap: anywhere;
  }
  .row .over {
    color: var(--_bad);
    font-weight: 600;
  }
  .veil {
    position: absolute;
    inset: 0;
    z-index: 1;
    display: grid;
    grid-template-columns: 88px minmax(0, 1fr) 168px;
    pointer-events: none;
  }
  .veil .plot {
    grid-column: 2;
  }
  .veil .cursor, .veil .brush {
    inset-block: 0;
  }
  .twin td.who {
    text-align: start;
  }
  @container (max-width: 719px) {
    .intro {
      padding-inline: 12px;
    }
    .row {
      grid-template-columns: minmax(0, 1fr) auto;
      gap: 0 8px;
      padding: 4px 12px;
    }
    .row .label {
      display: block;
      padding: 0;
    }
    .pickrow {
      padding: 0;
    }
    .row .plot {
      grid-column: 1 / -1;
      grid-row: 2;
    }
    .row .read {
      text-align: end;
    }
    .rows {
      max-height: var(--pf-sessions-height, 256px);
    }
    .veil {
      display: block;
      padding-inline: 12px;
    }
    .veil .plot {
      height: 100%;
    }
  }
  @media (forced-colors: active) {
    .row svg {
      forced-color-adjust: none;
    }
    .row.on {
      outline: 2px solid Highlight;
      outline-offset: -2px;
    }
  }
  @media print {
    .intro {
      padding-block: 2px 0;
    }
    .row {
      padding-block: 0;
    }
    .rows {
      max-height: none;
      overflow: visible;
    }
    .row {
      break-inside: avoid;
    }
  }
`;
