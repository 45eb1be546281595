// The lanes of a capture that grows over each other, and the head that switches what they show. Templates only: what the
// lanes draw comes past them.
import { html, nothing, type TemplateResult } from 'lit';
import { guard } from 'lit/directives/guard.js';
import type { Capture } from '../../contract/stats.ts';
import type { Finding } from '../../recording/src/review/findings.ts';
import type { Theme } from '../base/element.ts';
import type { Format } from '../base/format.ts';
import { lengthOf } from '../base/format-dates.ts';
import type { Range } from '../chart/grid.ts';
import type { Quantile } from '../chart/latency.ts';
import { SPANS, type Span } from './follow.ts';
import { words } from './strings.ts';

export interface TimelineHead {
  readonly quantile: Quantile;
  /** What is followed; undefined while the view is held. */
  readonly span: Span | undefined;
  readonly table: boolean;
  readonly onQuantile: (quantile: Quantile) => void;
  readonly onSpan: (span: Span) => void;
  readonly onTable: () => void;
}

export function timelineHead(head: TimelineHead, f: Format): TemplateResult {
  const t = words[f.language];
  const segment = (on: boolean, text: string, label: string, act: () => void): TemplateResult =>
    html`<button aria-pressed=${on} aria-label=${label} @click=${act}>${text}</button>`;
  const quantile = (q: Quantile): TemplateResult =>
    segment(head.quantile === q, q, q, () => head.onQuantile(q));
  const part = (span: Span): TemplateResult => {
    const text = span === 'all' ? t.all : lengthOf(f, span);
    const label = span === 'all' ? t.all : t.span(text);
    return segment(head.span === span, text, label, () => head.onSpan(span));
  };
  return html`<div class="head"><h2>${t.timeline}</h2><span class="t3 s wide">${t.stagesAt}</span>
        <span class="seg" role="group" aria-label=${t.quantile}>${quantile('p50')}${quantile('p99')}</span>
        <span class="grow"></span>
        <span class="seg" role="group" aria-label=${t.show}>${SPANS.map(part)}</span>
        <button class="btn" aria-pressed=${head.table} @click=${head.onTable}>${t.asTable}</button></div>`;
}

export interface TimelineLanes {
  readonly theme: Theme;
  /** There is more than one session: their rows stand above everything, all lanes below are of the chosen one. */
  readonly several: boolean;
  readonly findings: readonly Finding[];
  readonly brush: Range | undefined;
  readonly table: boolean;
  readonly quantile: Quantile;
}

export function timelineLanes(lanes: TimelineLanes, f: Format): TemplateResult {
  const lang = f.language;
  const theme = lanes.theme ?? nothing;
  const { several, brush, table } = lanes;
  return html`${
    several
      ? html`<pf-session-lanes data-lane lane lang=${lang} theme=${theme} .recording=${first()} .brush=${brush} .table=${table}></pf-session-lanes>`
      : nothing
  }<pf-event-lanes data-lane lane ?no-axis=${several} lang=${lang} theme=${theme} .recording=${first()} .findings=${lanes.findings} .brush=${brush} .table=${table}></pf-event-lanes>
      <pf-latency-chart data-lane lane no-axis lang=${lang} theme=${theme} .recording=${first()} .brush=${brush} .table=${table} .quantile=${lanes.quantile}></pf-latency-chart>
      <pf-throughput-chart data-lane lane no-axis lang=${lang} theme=${theme} .recording=${first()} .brush=${brush} .table=${table}></pf-throughput-chart>
      <pf-health-chart data-lane lane no-axis lang=${lang} theme=${theme} .recording=${first()} .brush=${brush} .table=${table}></pf-health-chart>`;
}

/** Of before there is any: what the lanes get later does not come through the template. */
const first = (): unknown => guard([], () => NOTHING);
const NOTHING: Capture = {
  meta: {
    ...{ id: '', started_unix_ms: 0, duration_ms: 0, kind: '', width: 0, height: 0, fps: 0 },
    ...{ codec: '', client: '', sample_count: 0 },
  },
  samples: [],
};
