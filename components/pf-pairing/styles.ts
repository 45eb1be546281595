// A device that waits: who it is, its four digits, and what came of it.
import { css } from 'lit';

export const pairingStyles = css`
  /* Nothing to show: only the sentence for a screen reader stays, and the page around it does not move. */
  :host([brief]:not([waiting])) {
    position: absolute;
  }
  .row.ended {
    grid-template-columns: minmax(0, 1fr) auto;
    align-items: start;
  }
  form {
    display: flex;
    flex-wrap: wrap;
    align-items: flex-end;
    gap: 8px 12px;
  }
  .field.pin input {
    width: 132px;
    min-height: 44px;
    padding: 0 0 0 0.3em;
    font-size: 28px;
    line-height: 32px;
    font-weight: 600;
    letter-spacing: 0.3em;
    text-align: center;
    font-variant-numeric: tabular-nums;
  }
  .field.name {
    flex: 0 1 200px;
  }
  .field.name input {
    min-height: 44px;
  }
  form .acts .btn {
    min-height: 44px;
    padding-inline: 14px;
  }
  form .bad {
    flex-basis: 100%;
  }
  .row.ended > .facts, .row.ended > .result {
    grid-column: 1 / -1;
  }
  .result {
    display: grid;
    gap: 1px;
  }
  .result b {
    font-weight: 600;
  }
  .result .ok {
    color: var(--_ok);
  }
  .result .bad {
    color: var(--_bad);
  }
  .how {
    display: grid;
    gap: 4px;
    color: var(--_text2);
  }
  .how b {
    font-weight: 600;
    color: var(--_text);
    overflow-wrap: anywhere;
  }
  .foot {
    display: grid;
    gap: 2px;
    padding: 10px 16px 12px;
    border-top: 1px solid var(--_hairline);
    font-size: var(--_size-s);
    line-height: 18px;
    color: var(--_text3);
  }
  .foot p {
    max-width: 100ch;
    text-wrap: pretty;
  }
  .foot .print {
    color: var(--_text);
  }
  .foot p .print {
    white-space: nowrap;
  }
  summary {
    width: max-content;
    max-width: 100%;
    cursor: pointer;
    color: var(--_text2);
    padding-block: 2px;
  }
  .off {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 8px 16px;
  }
  .off p {
    flex: 1 1 240px;
  }
  @container (min-width: 900px) {
    .rest {
      display: grid;
      grid-template-columns: minmax(0, 1fr) minmax(0, 1fr);
      border-top: 1px solid var(--_hairline);
    }
    .rest > * {
      border-top: 0;
    }
    .rest > .foot:first-child {
      grid-column: 1 / -1;
    }
    .row.open {
      grid-template-columns: minmax(0, 1fr) auto;
      align-items: center;
    }
    .row.open form {
      grid-column: 2;
      grid-row: 1 / span 2;
    }
    .row.open .facts {
      align-self: start;
    }
    .row.open .name {
      align-self: end;
    }
  }
  @container (max-width: 559px) {
    .field.name {
      flex: 1 1 140px;
    }
    form .acts {
      flex: 1 1 100%;
    }
    form .acts .btn {
      flex: 1;
    }
  }
  @container (max-width: 340px) {
    :host(:not([side])) .foot {
      padding-inline: 12px;
    }
  }
`;
