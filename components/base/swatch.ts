// Keys of a legend: what the series looks like, beside its name. Filled ones carry their pattern where colour alone
// would not do; lines show their dashes.
import { css, html, svg, type TemplateResult, unsafeCSS } from 'lit';
import type { Token } from './series-tokens.ts';

export type Key =
  | { readonly shape: 'fill'; readonly token: Token }
  | { readonly shape: 'hatch'; readonly token: Token }
  | { readonly shape: 'line'; readonly token: Token }
  | { readonly shape: 'thin'; readonly token: Token }
  | { readonly shape: 'dash'; readonly token: Token }
  | { readonly shape: 'dots'; readonly token: Token };

export function swatch(key: Key): TemplateResult {
  return html`<svg class="sw k-${key.token} ${key.shape}" viewBox="0 0 10 10" aria-hidden="true">${shape(key)}</svg>`;
}

function shape(key: Key): TemplateResult {
  switch (key.shape) {
    case 'fill':
      return svg`<rect class="f" width="10" height="10" rx="2"></rect>${pattern(key.token)}`;
    case 'hatch':
      return svg`<path class="h" d="M0 4L4 0M0 8L8 0M1 11L11 1M5 11L11 5"></path>`;
    case 'line':
      return svg`<path class="l" d="M0 5h10"></path>`;
    case 'thin':
      return svg`<path class="l thin" d="M0 5h10"></path>`;
    case 'dash':
      return svg`<path class="l" d="M0 5h4M6 5h4"></path>`;
    case 'dots':
      return svg`<path class="l" d="M0 5h2M4 5h2M8 5h2"></path>`;
  }
}

function pattern(token: Token): TemplateResult {
  switch (token) {
    case 'submit':
      return svg`<path class="p" d="M0 3h10M0 7h10"></path>`;
    case 'encode':
      return svg`<path class="p" d="M0 5L5 0M0 10L10 0M5 10L10 5"></path>`;
    case 'packetize':
      return svg`<path class="p" d="M2 2h2v2h-2zM6 6h2v2h-2z"></path>`;
    case 'send':
      return svg`<path class="p" d="M3 0v10M7 0v10"></path>`;
    case 'other':
      return svg`<path class="p" d="M0 5h10M5 0v10"></path>`;
    default:
      return svg``;
  }
}

const FILLED: readonly Token[] = [
  'capture',
  'submit',
  'encode',
  'packetize',
  'send',
  'other',
  'new',
  'repeat',
  'bad',
  'ok',
  'text2',
  'text3',
  'total',
  'budget',
];

// One rule a token: a style attribute would break the strict policy.
const perToken = FILLED.map((token) => `.k-${token}{--k:var(--_${token})}`).join('');

export const swatchStyles = css`
  ${unsafeCSS(perToken)}
  .sw .f {
    fill: var(--k);
  }
  .sw .h, .sw .l {
    stroke: var(--k);
    fill: none;
  }
  .sw .h {
    stroke-width: 1.4;
  }
  .sw .l {
    stroke-width: 2;
  }
  .sw .thin {
    stroke-width: 1;
  }
  .sw .p {
    display: none;
    stroke: var(--_surface);
    stroke-width: 1.4;
    fill: none;
  }
  @media (prefers-contrast: more), (forced-colors: active), print {
    .sw .p {
      display: inline;
    }
  }
  @media (forced-colors: active) {
    .sw {
      forced-color-adjust: none;
    }
  }
`;
