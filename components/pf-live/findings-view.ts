// Findings so far, numbered as on the event lane.
import { html, nothing, type TemplateResult } from 'lit';
import type { Finding, Findings } from '../../recording/src/review/findings.ts';
import type { Format } from '../base/format.ts';
import { swatch } from '../base/swatch.ts';
import type { Range } from '../chart/grid.ts';
import { liveFindingText } from './sentences.ts';
import { words } from './strings.ts';

export function findingsView(
  found: Findings,
  brush: Range | undefined,
  f: Format,
  choose: (finding: Finding) => void,
): unknown {
  const t = words[f.language];
  const shown = found.findings.slice(0, MOST_FINDINGS);
  if (shown.length === 0) return nothing;
  const rest = found.findings.length - shown.length;
  const one = (finding: Finding, index: number): TemplateResult => {
    const text = liveFindingText(finding, f, found);
    const chosen = brush?.fromMs === finding.fromMs && brush.toMs === finding.toMs;
    return html`<li><button class="finding" aria-pressed=${chosen} @click=${() => choose(finding)}>
      <span class="no">${index + 1}</span>
      <span class="side">${swatch(text.key)}<b>${text.side}</b><span class="t3">${text.span}</span></span>
      <span class="what"><span><b>${text.strong}</b> ${text.rest}</span><span class="t3">${text.sight}</span></span>
      <span class="figures">${text.figures.map(([value, what]) => html`<span><b>${value}</b><span class="t3">${what}</span></span>`)}</span>
    </button></li>`;
  };
  return html`<ol class="findings" aria-label=${t.findings}>${shown.map(one)}</ol>${
    rest > 0 ? html`<p class="sight">${t.moreFindings(f.count(rest), rest === 1)}</p>` : nothing
  }`;
}

/** More would be no answer; the table of events has them all. */
export const MOST_FINDINGS = 5;
