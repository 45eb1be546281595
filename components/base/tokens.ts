// Colour, type and space tokens as CSS: what frames, words and controls need. Public names are `--pf-<token>` and a host
// page may set any of them; elements read only the private `--_<token>`, which falls back to the design's value.
// The colours of data are in series-tokens.ts: a page that draws no chart need not load them.
import { type CSSResult, css, unsafeCSS } from 'lit';

/** A colour in the four themes of the design. */
export interface Colour {
  readonly light: string;
  readonly dark: string;
  readonly contrastLight: string;
  readonly contrastDark: string;
  /** What stands for it under forced colours. */
  readonly forced: string;
}

export const colour = (
  light: string,
  dark: string,
  contrastLight: string,
  contrastDark: string,
  forced: string,
): Colour => ({ light, dark, contrastLight, contrastDark, forced });

export const CHROME = {
  ground: colour('#f4f5f7', '#0c0f13', '#ffffff', '#000000', 'Canvas'),
  surface: colour('#ffffff', '#14181f', '#ffffff', '#000000', 'Canvas'),
  raised: colour('#eef0f3', '#1d222b', '#ffffff', '#000000', 'Canvas'),
  hairline: colour('#e0e3e8', '#282e38', '#000000', '#ffffff', 'CanvasText'),
  text: colour('#14181f', '#e8ebf0', '#000000', '#ffffff', 'CanvasText'),
  text2: colour('#475060', '#aab3c0', '#1c1c1c', '#f0f0f0', 'CanvasText'),
  text3: colour('#626b79', '#8a94a3', '#333333', '#d6d6d6', 'CanvasText'),
  accent: colour('#3b4cc8', '#98a8ff', '#0020b0', '#bcc7ff', 'Highlight'),
  ok: colour('#1c7443', '#62c792', '#00531f', '#7dffb3', 'CanvasText'),
  warn: colour('#855600', '#efb95a', '#5e3c00', '#ffd27a', 'CanvasText'),
  bad: colour('#bd2a26', '#ff7b72', '#9c0000', '#ff9c95', 'CanvasText'),
  control: colour('#848c98', '#66707f', '#000000', '#ffffff', 'ButtonBorder'),
} as const satisfies Record<string, Colour>;

/** The declarations of a set of tokens, in every theme. */
export function declared(set: Readonly<Record<string, Colour>>): CSSResult {
  const all = (value: (colour: Colour) => string): CSSResult =>
    unsafeCSS(
      Object.entries(set)
        .map(([name, c]) => `--_${name}:var(--pf-${name},${value(c)});`)
        .join(''),
    );
  const plain = all((c) => `light-dark(${c.light},${c.dark})`);
  const contrast = all((c) => `light-dark(${c.contrastLight},${c.contrastDark})`);
  const forced = all((c) => c.forced);
  // No template inside this one: the build shortens styles up to the first backtick.
  return css`
    :host {
      ${plain}
    }
    @media (prefers-contrast: more) {
      :host {
        ${contrast}
      }
    }
    @media (forced-colors: active) {
      :host {
        ${forced}
      }
    }
  `;
}

/** Put first into `static styles` of every element. */
export const tokens = css`
  ${declared(CHROME)}
  :host {
    --_tint: color-mix(in srgb, var(--_accent) 13%, transparent);
    --_size: 13px;
    --_size-s: 12px;
    --_size-xs: 11px;
    --_target: 28px;
    --_font: var(--pf-font, system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif);
    display: block;
    box-sizing: border-box;
    min-width: 0;
    color: var(--_text);
    font: 400 var(--_size) / 19px var(--_font);
    font-variant-numeric: tabular-nums;
    -webkit-font-smoothing: antialiased;
    text-align: start;
  }
  :host([hidden]) {
    display: none;
  }
  :host([theme='light']) {
    color-scheme: light;
  }
  :host([theme='dark']) {
    color-scheme: dark;
  }
  @media (forced-colors: active) {
    :host {
      --_tint: transparent;
    }
  }
  @media (pointer: coarse) {
    :host {
      --_target: 36px;
    }
  }
  @media (min-width: 2400px) {
    :host {
      --_size: 14px;
      --_size-s: 13px;
      --_size-xs: 12px;
    }
  }
`;
