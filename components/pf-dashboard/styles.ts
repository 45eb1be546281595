// The page: head, side, main. By the element's own width, never the viewport's: the same rules hold in a page, a plugin
// panel and a side panel.
import { css } from 'lit';

export const dashboardStyles = css`
  :host {
    background: var(--_ground);
    min-height: 100%;
  }
  .top {
    display: flex;
    align-items: center;
    gap: 16px;
    min-height: 48px;
    padding: 4px 16px;
    background: var(--_surface);
    border-bottom: 1px solid var(--_hairline);
  }
  .brand {
    display: flex;
    align-items: center;
    gap: 8px;
    font-weight: 600;
  }
  .brand svg {
    display: block;
  }
  .brand circle {
    fill: var(--_text);
  }
  .brand path {
    stroke: var(--_text);
    stroke-width: 2;
    stroke-linecap: round;
    fill: none;
  }
  .host {
    display: flex;
    align-items: center;
    gap: 8px;
    min-width: 0;
    flex: 0 1 auto;
  }
  .host b {
    font-weight: 600;
    overflow-wrap: anywhere;
  }
  .host .line {
    min-width: 0;
    color: var(--_text2);
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .dot {
    width: 8px;
    height: 8px;
    flex: none;
    border-radius: 50%;
    border: 2px solid var(--_text3);
  }
  .dot.on {
    border-color: var(--_ok);
    background: var(--_ok);
  }
  .switches {
    display: flex;
    gap: 8px;
  }
  .switches svg {
    display: block;
  }
  .skip {
    position: absolute;
    inset-inline-start: 8px;
    inset-block-start: 8px;
    z-index: 1;
  }
  .skip:not(:focus) {
    width: 1px;
    height: 1px;
    min-height: 0;
    padding: 0;
    overflow: hidden;
    clip-path: inset(50%);
  }
  .grid {
    display: grid;
    grid-template-columns: 288px minmax(0, 1fr);
    gap: 16px;
    align-items: start;
    max-width: 2400px;
    margin: 0 auto;
    padding: 16px;
  }
  .side, main {
    display: grid;
    grid-template-columns: minmax(0, 1fr);
    gap: 16px;
    min-width: 0;
  }
  main:focus {
    outline: none;
  }
  .banner {
    padding: 10px 16px;
  }
  .empty {
    padding: 16px;
    font-size: 17px;
    line-height: 24px;
    font-weight: 600;
    text-wrap: pretty;
    max-width: 92ch;
  }
  .ask {
    display: grid;
    gap: 12px;
    max-width: 520px;
    margin: 48px auto;
    padding: 24px;
  }
  .ask h1 {
    font-size: 17px;
    line-height: 24px;
    font-weight: 600;
  }
  .ask form {
    display: grid;
    gap: 12px;
  }
  .ask .btn {
    justify-self: start;
    min-height: max(32px, var(--_target));
  }
  @container (max-width: 1100px) {
    .grid {
      grid-template-columns: minmax(0, 1fr);
    }
    .side {
      display: contents;
    }
    main {
      order: 1;
    }
    pf-test-stream {
      order: 2;
    }
    pf-recordings-list {
      order: 3;
    }
  }
  @container (max-width: 719px) {
    .top {
      gap: 8px;
      padding-inline: 12px;
    }
    .host .line {
      display: none;
    }
    .grid {
      gap: 12px;
      padding: 12px;
    }
    main {
      gap: 12px;
    }
    .empty {
      padding: 12px;
    }
    .ask {
      margin: 12px;
      padding: 16px;
    }
  }
  @container (max-width: 340px) {
    .brand span {
      display: none;
    }
    .grid {
      gap: 8px;
      padding: 8px;
    }
  }
  @media print {
    .side, .switches, .skip {
      display: none;
    }
    .grid {
      display: block;
    }
  }
`;
