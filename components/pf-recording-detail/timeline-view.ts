// The lanes of one recording over each other, with one cursor, brush and zoom, and the head that switches what they show.
// Templates only.
import { html, nothing, type TemplateResult } from 'lit';
import type { Finding } from '../../recording/src/review/findings.ts';
import type { Theme } from '../base/element.ts';
import type { Format } from '../base/format.ts';
import type { Range } from '../chart/grid.ts';
import type { Quantile } from '../chart/latency.ts';
import { startCursorMs } from '../chart/sessions.ts';
import type { ReviewClient } from '../review/review-client.ts';
import { words } from './strings.ts';
import type { View } from './view.ts';

export interface TimelineView {
  readonly view: View;
  readonly review: ReviewClient | undefined;
  /** It will come, and with frames. */
  readonly isFramesDue: boolean;
  readonly theme: Theme;
  readonly findings: readonly Finding[] | undefined;
  readonly quantile: Quantile;
  readonly table: boolean;
  readonly zoom: Range | undefined;
  readonly brush: Range | undefined;
  readonly cursorMs: number | undefined;
  readonly onQuantile: (quantile: Quantile) => void;
  readonly onTable: () => void;
  readonly onKeys: () => void;
}

export function renderTimelineHead(timeline: TimelineView, f: Format): TemplateResult {
  const t = words[f.language];
  const { table } = timeline;
  const segment = (on: boolean, text: string, act: () => void): TemplateResult =>
    html`<button aria-pressed=${on} @click=${act}>${text}</button>`;
  const quantile = (q: Quantile): TemplateResult =>
    segment(timeline.quantile === q, q, () => timeline.onQuantile(q));
  return html`<div class="head"><h2>${t.timeline}</h2><span class="t3 s wide" data-room=${timeline.isFramesDue ? t.stagesOf : nothing}>${areOfFrames(timeline) ? t.stagesOf : t.stagesAt}<span class="printed"> ${timeline.quantile}</span></span>
    <span class="seg" role="group" aria-label=${t.quantile}>${quantile('p50')}${quantile('p99')}</span><span class="grow"></span>
    <button class="btn" aria-pressed=${table} @click=${timeline.onTable}>${t.asTable}</button></div>`;
}

/** Out of frames a lane stacks what those at the quantile took; windows alone have a quantile of each stage by itself. */
function areOfFrames({ view, review }: TimelineView): boolean {
  const own = review?.sessions.find(({ sessionId }) => sessionId === view.session);
  return (own?.rows ?? 0) > 0;
}

/** Sessions stand above everything where there are several: all lanes below are of the chosen one. */
export function renderLanes(timeline: TimelineView, f: Format): TemplateResult {
  const { view, review, zoom: range, brush, table } = timeline;
  const { capture, session } = view;
  const cursor = timeline.cursorMs ?? startCursorMs(view.samples);
  const lang = f.language;
  const theme = timeline.theme ?? nothing;
  const several = view.ids.length > 1;
  return html`${
    several
      ? html`<pf-session-lanes lane lang=${lang} theme=${theme} .recording=${capture} .review=${review} .session=${session}
        .range=${range} .brush=${brush} .cursorMs=${cursor} .table=${table}></pf-session-lanes>`
      : nothing
  }<pf-event-lanes lane ?no-axis=${several} lang=${lang} theme=${theme} .recording=${capture} .review=${review} .session=${session} .findings=${timeline.findings}
      .range=${range} .brush=${brush} .cursorMs=${cursor} .table=${table}></pf-event-lanes>
    <pf-latency-chart lane no-axis lang=${lang} theme=${theme} .recording=${capture} .review=${review} .session=${session}
      .range=${range} .brush=${brush} .cursorMs=${cursor} .table=${table} .quantile=${timeline.quantile}
      @keyup=${(event: KeyboardEvent) => followQuantile(event, timeline)}></pf-latency-chart>
    <pf-throughput-chart lane no-axis lang=${lang} theme=${theme} .recording=${capture} .session=${session}
      .range=${range} .brush=${brush} .cursorMs=${cursor} .table=${table}></pf-throughput-chart>
    <pf-health-chart lane no-axis lang=${lang} theme=${theme} .recording=${capture} .session=${session}
      .range=${range} .brush=${brush} .cursorMs=${cursor} .table=${table}></pf-health-chart>`;
}

/** For who looks for a key: the few that matter, and where all stand. */
export function renderKeysLine({ onKeys }: TimelineView, f: Format): TemplateResult {
  const t = words[f.language];
  return html`<p class="keys"><span aria-hidden="true"><kbd>←</kbd> <kbd>→</kbd> ${t.cursor}</span><span aria-hidden="true"><kbd>Esc</kbd> ${t.worstKey}</span
    ><span aria-hidden="true"><kbd>n</kbd> <kbd>p</kbd> ${t.outlierKeys}</span><span aria-hidden="true"><kbd>m</kbd> ${t.markerKey}</span
    ><span aria-hidden="true"><kbd>t</kbd> ${t.table}</span><button class="btn ghost" aria-keyshortcuts="?" @click=${onKeys}><kbd aria-hidden="true">?</kbd> ${t.allKeys}</button></p>`;
}

/** The chart's own `q` moved its quantile: the switch above it follows. */
function followQuantile(event: KeyboardEvent, { onQuantile }: TimelineView): void {
  const chart = event.currentTarget;
  if (event.key === 'q' && chart instanceof HTMLElement && 'quantile' in chart) {
    onQuantile(chart.quantile === 'p99' ? 'p99' : 'p50');
  }
}
