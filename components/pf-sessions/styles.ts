// One stream: who, what, how safe, and its figures in columns.
import { css } from 'lit';

export const sessionStyles = css`
  .row {
    grid-template-columns: minmax(0, 1fr) auto;
    align-items: start;
    gap: 8px 16px;
  }
  .row > .figures, .row > .sure, .row > .note {
    grid-column: 1 / -1;
  }
  .app {
    display: grid;
    grid-template-columns: minmax(0, 1fr) auto;
    align-items: center;
    gap: 6px 16px;
    padding: 8px 16px;
    border-top: 1px solid var(--_hairline);
  }
  .app > .sure {
    grid-column: 1 / -1;
  }
  .app p {
    overflow-wrap: anywhere;
  }
  .figures {
    display: grid;
    grid-template-columns: repeat(5, minmax(0, 1fr));
    gap: 6px 16px;
  }
  .figures div {
    min-width: 0;
  }
  dt {
    font-size: var(--_size-xs);
    line-height: 16px;
    color: var(--_text3);
  }
  dd {
    overflow-wrap: anywhere;
  }
  @container (min-width: 900px) {
    .figures {
      grid-template-columns: minmax(0, 1.7fr) repeat(8, minmax(0, 1fr));
      gap: 6px 12px;
    }
  }
  @container (max-width: 559px) {
    .row, .app {
      grid-template-columns: minmax(0, 1fr);
    }
    .figures {
      grid-template-columns: repeat(3, minmax(0, 1fr));
      gap: 6px 12px;
    }
    :host(:not([side])) .row > .acts.quiet, :host(:not([side])) .app > .acts.quiet {
      order: 1;
      margin-block: -6px -8px;
      margin-inline: -8px;
    }
  }
  @container (max-width: 340px) {
    :host(:not([side])) .app {
      padding-inline: 12px;
    }
  }
`;
