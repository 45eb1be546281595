// Lists of things of the host: rows, facts, badges, figures, a question in place. Shared by pairing, clients, sessions
// and tokens.
import { css } from 'lit';

export const rowStyles = css`
  h2:focus {
    outline: none;
  }
  .head .btn {
    margin-inline-start: auto;
  }
  .row {
    display: grid;
    gap: 6px 16px;
    padding: 10px 16px;
    border-top: 1px solid var(--_hairline);
  }
  .name {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 2px 8px;
    min-width: 0;
    min-height: 20px;
  }
  .name b {
    font-weight: 600;
    overflow-wrap: anywhere;
  }
  .facts {
    display: flex;
    flex-wrap: wrap;
    gap: 0 14px;
    font-size: var(--_size-s);
    line-height: 18px;
    color: var(--_text2);
  }
  .facts span {
    min-width: 0;
    overflow-wrap: anywhere;
  }
  .badge {
    padding: 0 5px;
    border: 1px solid var(--_control);
    border-radius: 4px;
    font-size: var(--_size-xs);
    line-height: 15px;
    font-weight: 500;
    color: var(--_text2);
    white-space: nowrap;
  }
  .badge.on {
    border-color: var(--_ok);
    color: var(--_ok);
  }
  .badge.warn {
    border-color: var(--_warn);
    color: var(--_warn);
  }
  .print {
    font-family: ui-monospace, 'SF Mono', Menlo, Consolas, monospace;
    font-size: 0.92em;
    overflow-wrap: break-word;
  }
  .acts {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 4px 8px;
  }
  /* Words to press, as high as the line that they stand in. */
  .acts.quiet {
    gap: 0 2px;
    margin-block: -4px;
    margin-inline-end: -8px;
  }
  .acts.quiet .btn {
    padding-inline: 8px;
    color: var(--_text2);
  }
  .acts.quiet .btn:hover {
    color: var(--_text);
  }
  .sure {
    display: grid;
    gap: 6px;
    padding-block: 2px;
  }
  .sure .btn {
    border-color: var(--_control);
  }
  .sure .btn.bad {
    border-color: var(--_bad);
  }
  .say {
    padding: 10px 16px 14px;
    border-top: 1px solid var(--_hairline);
  }
  .say p {
    max-width: 80ch;
    text-wrap: pretty;
  }
  @container (max-width: 719px) {
    :host(:not([side])) .acts.quiet {
      margin-block: -8px;
    }
  }
  @container (max-width: 340px) {
    :host(:not([side])) .row, :host(:not([side])) .say {
      padding-inline: 12px;
    }
  }
`;
