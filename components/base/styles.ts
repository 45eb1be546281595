// What cards, buttons and notes look like, once for every element. No colour but tokens, no physical side.
import { css } from 'lit';

export const controls = css`
  *,
  ::before,
  ::after {
    box-sizing: border-box;
  }
  p, dl, dd {
    margin: 0;
  }
  button {
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
  .grow {
    flex: 1;
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
  .btn[disabled] {
    cursor: default;
    color: var(--_text3);
    background: var(--_raised);
    border-color: var(--_hairline);
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
    .btn.btn {
      border-color: var(--_control);
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
    .btn {
      transition: background-color 0.12s;
    }
  }
  @container (max-width: 719px) {
    :host(:not([side])) .frame > * {
      --_target: 36px;
    }
  }
  /* A panel: larger type and targets. Elements in a side column are as narrow but not a panel; their page says so with "side". */
  @container (max-width: 340px) {
    :host(:not([side])) .frame > * {
      --_size: 14px;
      --_size-s: 13px;
      --_size-xs: 12px;
      --_target: 40px;
      font-size: var(--_size);
    }
  }
`;
