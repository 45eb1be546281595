// Above everything: what it is called, the line of facts, what can be done with it, its markers. And what was negotiated
// and why, which stands folded at the end of the page. Templates; the element does what they say.
import { html, nothing, type TemplateResult } from 'lit';
import type { CaptureMeta } from '../../contract/stats.ts';
import type { Format } from '../base/format.ts';
import { dateOf } from '../base/format-dates.ts';
import { removedWords } from '../base/removed.ts';
import { figure } from '../base/states.ts';
import { factWords } from './fact-strings.ts';
import { factGroups, headFacts } from './facts.ts';
import { words } from './strings.ts';
import { markersOf, type View } from './view.ts';

export interface HeadView {
  readonly view: View | undefined;
  /** It could not be read: the sentence below says why. */
  readonly unreadable: boolean;
  /** What a list says of it: its name lies beside the file. */
  readonly entry: CaptureMeta | undefined;
  /** Buttons for a file and a report. */
  readonly acts: unknown;
  readonly onMarker: (ms: number) => void;
}

export function renderHead(head: HeadView, f: Format): TemplateResult {
  const t = words[f.language];
  const { view, entry, unreadable, acts } = head;
  const meta = view?.capture.meta;
  const when = meta === undefined ? '' : dateOf(f, meta.started_unix_ms);
  const name = entry?.name ?? meta?.name;
  const isReading = meta === undefined && !unreadable;
  const unnamed = meta === undefined ? t.recording : when;
  const title = isReading ? t.reading : (name ?? unnamed);
  const facts = view === undefined ? ['\u00a0'] : headFacts(view, f);
  const dated = name === undefined ? facts : [when, ...facts];
  return html`<div class="headrow" part="head">
      <div><h1>${title}</h1><div class="meta">${dated.map((x) => html`<span>${x}</span>`)}</div></div>
      ${acts}
    </div>${renderMarkers(head, f)}`;
}

function renderMarkers({ view, onMarker }: HeadView, f: Format): unknown {
  const markers = markersOf(view?.capture);
  if (markers.length === 0) return nothing;
  const t = words[f.language];
  const rest = markers.length - MOST_MARKERS;
  return html`<ul class="markers" aria-label=${t.markers}>${markers
    .slice(0, MOST_MARKERS)
    .map(
      ({ atMs, text, isRemoved }) =>
        html`<li><button class="btn" @click=${() => onMarker(atMs)}><b>${f.clock(atMs)}</b> ${
          isRemoved ? html`<span class="t3">${removedWords[f.language].removed}</span>` : text
        }</button></li>`,
    )}${rest > 0 ? html`<li class="t3 s">${t.moreMarkers(f.count(rest))}</li>` : nothing}</ul>`;
}

/** Two rows of them; the events lane and the key `m` have all. */
const MOST_MARKERS = 30;

/** On paper nothing can be unfolded: there it stands open. */
export function renderFacts(
  view: View,
  open: boolean,
  f: Format,
  onFold: (open: boolean) => void,
): TemplateResult {
  const t = factWords[f.language];
  const onToggle = ({ target }: Event): void => {
    if (target instanceof HTMLDetailsElement) onFold(target.open);
  };
  const groups = open ? factGroups(view, f) : [];
  return html`<details class="card facts" part="facts" .open=${open} @toggle=${onToggle}><summary>${t.title}</summary>
    <div class="groups">${groups.map(
      ({ title, facts }) =>
        html`<div class="group"><h2>${title}</h2><dl>${facts.map(
          ({ name, text }) => html`<div><dt>${name}</dt><dd>${figure(text, f)}</dd></div>`,
        )}</dl></div>`,
    )}</div></details>`;
}
