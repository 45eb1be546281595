// Head, verdict and timeline of one recording.
import { css } from 'lit';

export const detailStyles = css`
  .stack {
    display: grid;
    grid-template-columns: minmax(0, 1fr);
    gap: 16px;
  }
  .headrow {
    display: flex;
    flex-wrap: wrap;
    align-items: flex-end;
    gap: 8px 16px;
  }
  .headrow > div {
    flex: 1 1 320px;
    min-width: 0;
  }
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
  .say.loading {
    min-height: 120px;
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
  .timeline {
    overflow: clip;
  }
  .timeline pf-throughput-chart, .timeline pf-health-chart {
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
  }
  @container (max-width: 340px) {
    .stack {
      gap: 8px;
    }
  }
`;
