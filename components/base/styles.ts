// What cards, buttons, fields and notes look like, once for every element. No colour but tokens, no physical side.
import { css } from 'lit';

export const controls = css`
  *,
  ::before,
  ::after {
    box-sizing: border-box;
  }
  h1, h2, h3, p, ul, ol, dl, dd, table, figure {
    margin: 0;
    padding: 0;
  }
  ul, ol {
    list-style: none;
  }
  h2 {
    font-size: var(--_size);
    line-height: 20px;
    font-weight: 600;
  }
  button, input, select {
    font: inherit;
    color: inherit;
  }
  :focus-visible {
    outline: 2px solid var(--_accent);
    outline-offset: 2px;
    border-radius: 4px;
  }
  .frame {
    container-type: inline-size;
  }
  .card {
    background: var(--_surface);
    border: 1px solid var(--_hairline);
    border-radius: 8px;
    min-width: 0;
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
  .grow {
    flex: 1;
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
  .vh {
    position: absolute;
    width: 1px;
    height: 1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
  .btn {
    display: inline-flex;
    align-items: center;
    justify-content: center;
    gap: 6px;
    min-height: var(--_target);
    padding: 0 10px;
    border: 1px solid var(--_hairline);
    border-radius: 6px;
    background: var(--_surface);
    cursor: pointer;
    white-space: nowrap;
    font-size: var(--_size-s);
    line-height: 18px;
    font-weight: 500;
    text-decoration: none;
  }
  .btn:hover {
    background: var(--_raised);
  }
  .btn:focus-visible {
    border-radius: 6px;
  }
  .btn.primary {
    background: var(--_text);
    border-color: var(--_text);
    color: var(--_surface);
  }
  .btn.primary:hover {
    background: var(--_text2);
  }
  .btn.ghost {
    border-color: transparent;
    background: none;
  }
  .btn.ghost:hover {
    background: var(--_raised);
  }
  .btn.bad {
    color: var(--_bad);
  }
  .btn.icon {
    min-width: var(--_target);
    padding: 0;
  }
  .btn[disabled] {
    cursor: default;
    color: var(--_text3);
    background: var(--_raised);
    border-color: var(--_hairline);
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
  .note {
    font-size: var(--_size-s);
    line-height: 18px;
    color: var(--_text3);
  }
  .note.warn {
    color: var(--_warn);
  }
  .note.bad {
    color: var(--_bad);
  }
  code {
    font-family: ui-monospace, 'SF Mono', Menlo, Consolas, monospace;
    font-size: 0.92em;
    padding: 0 3px;
    border-radius: 3px;
    background: var(--_raised);
    color: var(--_text);
  }
  @media (prefers-contrast: more), (forced-colors: active) {
    .btn, .seg {
      border-color: var(--_control);
    }
    .btn.ghost {
      border-color: transparent;
    }
    .seg button[aria-pressed='true'] {
      text-decoration: underline;
    }
  }
  @media (forced-colors: active) {
    .btn.primary {
      forced-color-adjust: none;
      background: ButtonText;
      color: ButtonFace;
      border-color: ButtonText;
    }
  }
  @media (prefers-reduced-motion: no-preference) {
    .btn, .seg button, .row {
      transition: background-color 0.12s;
    }
  }
  @container (max-width: 719px) {
    .head {
      padding-inline: 12px 8px;
    }
  }
`;
