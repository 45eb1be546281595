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
    grid-template-columns: repeat(auto-fill, minmax(104px, 1fr));
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
  @container (max-width: 559px) {
    .row, .app {
      grid-template-columns: minmax(0, 1fr);
    }
    .figures {
      grid-template-columns: repeat(auto-fill, minmax(88px, 1fr));
    }
    .row > .acts {
      order: 1;
    }
  }
  @container (max-width: 340px) {
    :host(:not([side])) .app {
      padding-inline: 12px;
    }
  }
`;
