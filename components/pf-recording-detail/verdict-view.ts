// The answer: one sentence, what it rests on, and the findings as buttons that choose their range. Templates only.
import { html, nothing, type TemplateResult } from 'lit';
import type { Finding, Findings } from '../../recording/src/review/findings.ts';
import { findingText } from '../base/finding-words.ts';
import type { Format } from '../base/format.ts';
import { swatch } from '../base/swatch.ts';
import { words } from './strings.ts';

export interface VerdictView {
  /** The first one is the answer. */
  readonly sentences: readonly string[];
  /** While it is read nothing but that is said. */
  readonly loading: boolean;
  /** Something was streamed: then it is said where sight ends. */
  readonly seen: boolean;
  readonly found: Findings | undefined;
  /** Those with a number. */
  readonly shown: readonly Finding[];
  /** Which of them is chosen; -1: none. */
  readonly chosen: number;
  readonly onChoose: (index: number) => void;
  /** How many of them, the last ones, are folded away. */
  readonly folded: number;
  readonly onUnfold: () => void;
}

export function renderVerdict(verdict: VerdictView, f: Format): TemplateResult {
  const t = words[f.language];
  const { sentences, loading, seen } = verdict;
  const [big, ...rest] = sentences;
  return html`<section class="card verdict" part="verdict" aria-label=${t.verdict}>
    <div class="say ${loading ? 'loading' : ''}"><p class="big">${big}</p>${rest.map((x) => html`<p>${x}</p>`)}</div>
    ${loading ? nothing : renderFindings(verdict, f)}
    ${seen ? html`<p class="sight">${t.sight}</p>` : nothing}
  </section>`;
}

function renderFindings(verdict: VerdictView, f: Format): unknown {
  const t = words[f.language];
  const { found, shown } = verdict;
  if (found === undefined || shown.length === 0) return nothing;
  const rest = found.findings.length - shown.length;
  const { folded, onUnfold } = verdict;
  const open = shown.slice(0, shown.length - folded);
  return html`${
    open.length === 0
      ? nothing
      : html`<ol class="findings" aria-label=${t.findings}>${open.map((one, i) => renderFinding(verdict, found, one, i, f))}</ol>`
  }${
    folded > 0
      ? html`<p class="unfold"><button class="btn" @click=${onUnfold}>${t.unfoldFindings(f.count(folded), folded === 1, folded === shown.length)}</button></p>`
      : nothing
  }${
    rest > 0 && folded === 0
      ? html`<p class="sight">${t.moreFindings(f.count(rest), rest === 1)}</p>`
      : nothing
  }`;
}

function renderFinding(
  { chosen, onChoose }: VerdictView,
  found: Findings,
  finding: Finding,
  index: number,
  f: Format,
): TemplateResult {
  const { key, side, span, strong, rest, sight, figures } = findingText(finding, f, found);
  return html`<li><button class="finding" aria-pressed=${chosen === index} @click=${() => onChoose(index)}>
    <span class="no">${index + 1}</span>
    <span class="side">${swatch(key)}<b>${side}</b><span class="t3">${span}</span></span>
    <span class="what"><span><b>${strong}</b> ${rest}</span><span class="t3">${sight}</span></span>
    <span class="figures">${figures.map(([value, what]) => html`<span><b>${value}</b><span class="t3">${what}</span></span>`)}</span>
  </button></li>`;
}
