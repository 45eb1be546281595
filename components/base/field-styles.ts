// Headings, lists, card heads, segmented switches and form fields: what the capture control, which is also shipped alone,
// does not have.
import { css } from 'lit';

export const fieldStyles = css`
  h1, h2, h3, ul, ol, table, figure {
    margin: 0;
    padding: 0;
  }
  ul, ol {
    list-style: none;
  }
  input, select {
    font: inherit;
    color: inherit;
  }
  /* WCAG 2.2: what is pressed is 24 px high. */
  summary {
    min-height: 24px;
  }
  .vh {
    position: absolute;
    width: 1px;
    height: 1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
  .btn[aria-pressed='true'] {
    background: var(--_raised);
    box-shadow: inset 0 -2px 0 var(--_accent);
  }
  h2 {
    font-size: var(--_size);
    line-height: 20px;
    font-weight: 600;
  }
  .head {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 4px 8px;
    min-height: 44px;
    padding-block: 7px;
    padding-inline: 16px 8px;
  }
  .t2 {
    color: var(--_text2);
  }
  .t3 {
    color: var(--_text3);
  }
  .s {
    font-size: var(--_size-s);
    line-height: 18px;
  }
  .num {
    text-align: end;
    white-space: nowrap;
  }
  .btn.bad {
    color: var(--_bad);
  }
  .btn.icon {
    min-width: var(--_target);
    padding: 0;
  }
  .seg {
    display: inline-flex;
    border: 1px solid var(--_hairline);
    border-radius: 6px;
    background: var(--_surface);
  }
  .seg button {
    min-height: calc(var(--_target) - 2px);
    padding: 0 9px;
    border: 0;
    background: none;
    cursor: pointer;
    font-size: var(--_size-s);
    color: var(--_text2);
    white-space: nowrap;
  }
  .seg button:first-child {
    border-start-start-radius: 5px;
    border-end-start-radius: 5px;
  }
  .seg button:last-child {
    border-start-end-radius: 5px;
    border-end-end-radius: 5px;
  }
  .seg button + button {
    border-inline-start: 1px solid var(--_hairline);
  }
  .seg button[aria-pressed='true'] {
    background: var(--_raised);
    color: var(--_text);
    font-weight: 600;
    box-shadow: inset 0 -2px 0 var(--_accent);
  }
  .field {
    display: grid;
    gap: 2px;
    min-width: 0;
    font-size: var(--_size-s);
    line-height: 18px;
    color: var(--_text3);
  }
  .field input, .field select, select.pick {
    width: 100%;
    min-width: 0;
    min-height: calc(var(--_target) + 2px);
    padding: 0 8px;
    border: 1px solid var(--_control);
    border-radius: 6px;
    background: var(--_surface);
    color: var(--_text);
    font-size: var(--_size-s);
  }
  select.pick {
    width: auto;
    max-width: 100%;
  }
  .field input:user-invalid {
    border-color: var(--_bad);
  }
  @media (prefers-contrast: more), (forced-colors: active) {
    .seg {
      border-color: var(--_control);
    }
    .seg button[aria-pressed='true'] {
      text-decoration: underline;
    }
  }
  @media (prefers-reduced-motion: no-preference) {
    .seg button {
      transition: background-color 0.12s;
    }
  }
  @container (max-width: 340px) {
    :host(:not([side])) .head {
      padding-inline: 12px 8px;
    }
  }
  /* Paper is light, whatever the screen is. */
  @media print {
    :host, :host([theme]) {
      color-scheme: light;
    }
  }
`;
