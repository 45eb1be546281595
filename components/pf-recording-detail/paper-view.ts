// What paper has and the screen does not: every event as a row of a table, because nothing can be pointed at there.
import { html, nothing, type TemplateResult } from 'lit';
import type { Format } from '../base/format.ts';
import { fineClock } from '../base/format-dates.ts';
import { marksOf } from '../chart/events.ts';
import { detailOf, kindName } from '../pf-event-lanes/telling.ts';
import { words } from './strings.ts';
import type { View } from './view.ts';

export function renderPaper({ capture, session }: View, f: Format): unknown {
  const t = words[f.language];
  const marks = marksOf(capture.events ?? [], session, { fromMs: 0, toMs: Number.MAX_VALUE });
  if (marks.length === 0) return nothing;
  const shown = marks.slice(0, MOST_ROWS);
  const rest = marks.length - shown.length;
  return html`<section class="card paper" aria-label=${t.events}><div class="head"><h2>${t.events}</h2></div>
    <table><thead><tr><th scope="col">${t.eventTime}</th><th scope="col">${t.eventKind}</th><th scope="col">${t.eventDetail}</th></tr></thead>
    <tbody>${shown.map(
      ({ atMs, kind, event }): TemplateResult =>
        html`<tr><th scope="row">${fineClock(f, atMs, 3)}</th><td>${kindName(kind, f)}</td><td>${detailOf(event, capture.sessions ?? [], f)}</td></tr>`,
    )}</tbody></table>
    ${rest > 0 ? html`<p class="sight">${t.moreEvents(f.count(rest))}</p>` : nothing}</section>`;
}

/** Some ten pages; the recording has them all. */
const MOST_ROWS = 400;
