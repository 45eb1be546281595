// What can be said of a capture so far: the answer, what it rests on, and its findings.
import { html, nothing, type TemplateResult } from 'lit';
import type { Capture } from '../../contract/stats.ts';
import type { Finding, Findings } from '../../recording/src/review/findings.ts';
import type { Format } from '../base/format.ts';
import type { Range } from '../chart/grid.ts';
import { findingsView } from './findings-view.ts';
import { sentencesOf } from './sentences.ts';
import type { SessionSoFar } from './so-far.ts';
import { words } from './strings.ts';

export interface VerdictParts {
  readonly capture: Capture | undefined;
  readonly isLoading: boolean;
  readonly session: SessionSoFar | undefined;
  /** Sessions that there are. */
  readonly of: number;
  readonly found: Findings | undefined;
  readonly brush: Range | undefined;
  readonly choose: (finding: Finding) => void;
}

export function verdictView(parts: VerdictParts, f: Format): TemplateResult {
  const t = words[f.language];
  const { capture, session, found } = parts;
  const [big, ...rest] =
    capture === undefined
      ? [parts.isLoading ? t.reading : t.idle]
      : sentencesOf(capture, session, found, f);
  if (session !== undefined && parts.of > 1) {
    rest.push(t.ofSession(f.count(session.id), f.count(parts.of)));
  }
  return html`<section class="card verdict" part="verdict" aria-label=${t.verdict}>
      <div class="say"><p class="big">${big}</p>${rest.map((x) => html`<p>${x}</p>`)}</div>
      ${found === undefined ? nothing : findingsView(found, parts.brush, f, parts.choose)}
      ${session === undefined || session.samples.length === 0 ? nothing : html`<p class="sight">${t.sight}</p>`}
    </section>`;
}
