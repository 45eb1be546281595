// The head of the live view: what is recorded, in facts, whether it is followed, and the markers that were put down; and
// the keys that matter, below its lanes.
import { html, nothing, type TemplateResult } from 'lit';
import type { Capture } from '../../contract/stats.ts';
import { codecName, DASH, type Format, kindName, mode } from '../base/format.ts';
import { lengthOf } from '../base/format-dates.ts';
import type { ApiFailure } from '../base/stats-api.ts';
import { behindMs, type View } from './follow.ts';
import type { SessionSoFar } from './so-far.ts';
import { words } from './strings.ts';

export function factsOf(
  capture: Capture | undefined,
  session: SessionSoFar | undefined,
  f: Format,
): readonly string[] {
  if (capture === undefined) return ['\u00a0'];
  const t = words[f.language];
  const { meta, sessions } = capture;
  const own = sessions?.find((s) => s.session_id === session?.id);
  const kind = own?.kind ?? meta.kind;
  const codec = own?.codec ?? meta.codec;
  const size = own ?? meta;
  const n = session?.samples.length ?? 0;
  const facts = [
    t.since(f.time(meta.started_unix_ms)),
    own?.client ?? meta.client,
    kindName(kind),
    mode(f, size.width, size.height, size.fps),
    [codecName(codec), own?.encoder].filter((x) => x !== undefined && x !== '').join(' · '),
    own?.source ?? '',
    t.samples(f.count(n), n === 1),
  ];
  return facts.filter((x) => x !== '' && x !== DASH);
}

/** Followed, held, or of when: in words, and with the button that follows again. */
export function stateView(
  state: {
    readonly failure: ApiFailure | undefined;
    /** It is over, however. */
    readonly ended: unknown;
    readonly view: View;
    readonly onFollow: () => void;
  },
  endMs: number,
  f: Format,
): unknown {
  const t = words[f.language];
  const { failure, ended, view } = state;
  const since = failure?.kind === 'offline' ? failure.lastAnswerUnixMs : undefined;
  if (since !== undefined) {
    return html`<span class="chip stale"><i class="dot"></i>${t.stale(f.time(since))}</span>`;
  }
  if (ended !== undefined) return nothing;
  if (view.kind === 'follow') {
    return html`<span class="chip"><i class="dot"></i>${t.following}</span>`;
  }
  const ms = behindMs(view, endMs);
  const said = ms < 1000 ? t.heldNow : t.held(lengthOf(f, ms));
  return html`<span class="chip held"><i class="dot"></i>${said}</span
    ><button class="btn" aria-keyshortcuts="f" @click=${state.onFollow}>${t.follow}</button>`;
}

/** For who looks for a key: the few that matter, and where all stand. */
export function keysView(onKeys: () => void, f: Format): TemplateResult {
  const t = words[f.language];
  const key = (name: string, what: string): TemplateResult =>
    html`<span aria-hidden="true"><kbd>${name}</kbd> ${what}</span>`;
  return html`<p class="keys">${key('f', t.follow)}<span aria-hidden="true"><kbd>←</kbd> <kbd>→</kbd> ${t.cursor}</span>${key('t', t.table)}${key('m', t.mark)}<button
      class="btn ghost" aria-keyshortcuts="?" @click=${onKeys}><kbd aria-hidden="true">?</kbd> ${t.allKeys}</button></p>`;
}

/** The newest of them: the event lane has all. */
export function markersView(
  capture: Capture | undefined,
  f: Format,
  lookAt: (ms: number) => void,
): unknown {
  const all = (capture?.events ?? []).filter(({ kind }) => kind === 'marker');
  if (all.length === 0) return nothing;
  const t = words[f.language];
  const newest = all.slice(-MOST_MARKERS);
  const rest = all.length - newest.length;
  return html`<ul class="markers" aria-label=${t.markers}>${newest.map(
    ({ t_ms, detail }) =>
      html`<li><button class="btn" @click=${() => lookAt(t_ms)}><b>${f.clock(t_ms)}</b> ${String(detail?.['text'] ?? '')}</button></li>`,
  )}${rest > 0 ? html`<li class="t3 s">${t.moreMarkers(f.count(rest))}</li>` : nothing}</ul>`;
}

const MOST_MARKERS = 8;
