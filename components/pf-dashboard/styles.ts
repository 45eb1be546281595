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
    /* Its ends stand over the ends of what lies below. */
    padding: 4px max(16px, calc(50% - 1184px));
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
    flex: 0 1000 auto;
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
  nav {
    display: flex;
    align-self: stretch;
    gap: 2px;
    margin-block: -4px;
  }
  nav button {
    min-height: 48px;
    padding: 0 10px;
    border: 0;
    border-block: 2px solid transparent;
    background: none;
    color: var(--_text2);
    cursor: pointer;
    white-space: nowrap;
  }
  nav button:hover {
    color: var(--_text);
  }
  nav button:focus-visible {
    outline-offset: -4px;
  }
  nav button[aria-current] {
    color: var(--_text);
    font-weight: 600;
    border-block-end-color: var(--_accent);
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
  .grid.one {
    grid-template-columns: minmax(0, 1fr);
  }
  pf-pairing {
    max-width: 2368px;
    margin: 16px max(16px, calc(50% - 1184px)) 0;
  }
  main.rooms {
    max-width: 2400px;
    margin: 0 auto;
    padding: 16px;
  }
  .hosthead h1 {
    font-size: 20px;
    line-height: 25px;
    font-weight: 600;
    letter-spacing: -0.01em;
    overflow-wrap: anywhere;
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
  .both {
    display: grid;
    grid-template-columns: minmax(0, 1fr) minmax(320px, 440px);
    gap: 16px;
    align-items: start;
  }
  .lists, .side, main {
    display: grid;
    grid-template-columns: minmax(0, 1fr);
    gap: 16px;
    min-width: 0;
  }
  /* With nothing to say it takes no place, and no gap. */
  pf-black-box {
    display: contents;
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
  /* What is there at once was never missed. */
  .late {
    animation: late 200ms backwards;
  }
  @keyframes late {
    from, to {
      visibility: hidden;
    }
  }
  pf-tokens:not([stands]) ~ pf-retention {
    animation: late 5s backwards;
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
    .grid, .both {
      grid-template-columns: minmax(0, 1fr);
    }
    .side {
      display: contents;
    }
    .grid main {
      order: 1;
    }
    pf-recordings-list {
      order: 3;
    }
    /* Below a recording it stands when that has its height; and whatever comes, in the end it does. */
    .grid:has(pf-recording-detail:not([stands])) pf-recordings-list {
      animation: late 5s backwards;
    }
  }
  @container (max-width: 719px) {
    .top {
      flex-wrap: wrap;
      gap: 8px;
      padding-inline: 12px;
    }
    nav {
      order: 1;
      flex-basis: calc(100% + 24px);
      margin-inline: -12px;
      border-top: 1px solid var(--_hairline);
    }
    nav button {
      flex: 1;
      min-height: 40px;
    }
    pf-pairing {
      margin: 12px 12px 0;
    }
    main.rooms {
      padding: 12px;
    }
    .both, .lists {
      gap: 12px;
    }
    .hosthead h1 {
      font-size: 18px;
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
    .grid, main.rooms {
      gap: 8px;
      padding: 8px;
    }
    .both, .lists {
      gap: 8px;
    }
    pf-pairing {
      margin: 8px 8px 0;
    }
  }
  @media print {
    .side, .switches, .skip, nav, pf-pairing, pf-first-run, pf-report, pf-keys, .top {
      display: none;
    }
    .grid {
      display: block;
      max-width: none;
      padding: 0;
    }
  }
`;
