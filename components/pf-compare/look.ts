// How the runs of a comparison look: a letter, a colour and a pattern of strokes each, so that no line is told by colour
// alone. Not part of the series tokens: only a comparison has them.
import { css, html, svg, type TemplateResult } from 'lit';
import { colour, declared } from '../base/tokens.ts';
import type { Look } from './draw.ts';

/** The first is the line of the totals; the next ones keep apart under every kind of colour vision. */
export const RUN_COLOURS = {
  run1: colour('#14181f', '#ffffff', '#000000', '#ffffff', 'CanvasText'),
  run2: colour('#ca6ce9', '#ef78fe', '#a235e2', '#d079fc', 'CanvasText'),
  run3: colour('#07ab23', '#27dd3d', '#558055', '#76fc68', 'CanvasText'),
  run4: colour('#5d3c03', '#815f29', '#562d00', '#d63f18', 'CanvasText'),
  run5: colour('#919191', '#9b9b9b', '#505050', '#a2ab9f', 'CanvasText'),
  run6: colour('#0a6279', '#306b8b', '#002666', '#2e818d', 'CanvasText'),
} as const;

type RunToken = keyof typeof RUN_COLOURS;
// The cast is safe: Object.keys of a literal object yields exactly its own keys.
const RUN_TOKENS = Object.keys(RUN_COLOURS) as readonly RunToken[];

/** Solid, dashed, dotted; then mixtures. */
const DASHES: readonly (readonly number[])[] = [
  [],
  [6, 3],
  [2, 2],
  [7, 2, 2, 2],
  [12, 3],
  [4, 2, 1, 2, 1, 2],
];

export const MOST_RUNS = RUN_TOKENS.length;

export const letterOf = (run: number): string => String.fromCharCode(65 + run);

/** Read through a probe in the element's shadow root, as all colours of a canvas are. */
export function readLooks(probe: HTMLElement): readonly Look[] {
  const style = getComputedStyle(probe);
  return RUN_TOKENS.map((token, run) => {
    probe.style.color = `var(--_${token})`;
    return { letter: letterOf(run), colour: style.color, dash: DASHES[run] ?? [] };
  });
}

/** The piece of line that stands for a run, beside its letter. */
export function runSwatch(run: number): TemplateResult {
  return html`<svg class="line r${run + 1}" viewBox="0 0 24 10" aria-hidden="true">${svg`<path d="M0 5h24" stroke-dasharray=${(DASHES[run] ?? []).join(' ') || 'none'}></path>`}</svg>`;
}

export const runTokens = css`
  ${declared(RUN_COLOURS)}
  .line.r1 {
    --k: var(--_run1);
  }
  .line.r2 {
    --k: var(--_run2);
  }
  .line.r3 {
    --k: var(--_run3);
  }
  .line.r4 {
    --k: var(--_run4);
  }
  .line.r5 {
    --k: var(--_run5);
  }
  .line.r6 {
    --k: var(--_run6);
  }
  .line {
    display: block;
    flex: none;
    width: 24px;
    height: 10px;
  }
  .line path {
    fill: none;
    stroke: var(--k);
    stroke-width: 2;
  }
  @media (forced-colors: active) {
    .line {
      forced-color-adjust: none;
    }
  }
`;
