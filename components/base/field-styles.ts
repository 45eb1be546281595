// Segmented switches and form fields, for the elements that have them.
import { css } from 'lit';

export const fieldStyles = css`
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
`;
