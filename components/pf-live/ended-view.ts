// How a live capture came to its end, and where to read it: stopped, or cut off with its host and recovered.
import { html, nothing } from 'lit';
import type { CaptureMeta } from '../../contract/stats.ts';
import type { EndedCapture } from '../base/capture-source.ts';
import type { Format } from '../base/format.ts';
import { lengthOf } from '../base/format-dates.ts';
import { words } from './strings.ts';

export interface EndedParts {
  readonly ended: EndedCapture;
  /** What it is now; undefined while that is not known. */
  readonly recording: CaptureMeta | undefined;
  readonly isLooking: boolean;
  readonly open: (id: string) => void;
}

export function endedView(parts: EndedParts, f: Format): unknown {
  const { recording, open } = parts;
  const t = words[f.language];
  const [how, what] = said(parts, f);
  const name = recording?.recovered === true ? t.openRecovered : t.open;
  return html`<section class="card pad ended" role="status"><p><b>${how}</b> ${what}</p>${
    recording === undefined
      ? nothing
      : html`<button class="btn primary" @click=${() => open(recording.id)}>${name}</button>`
  }</section>`;
}

function said(
  { ended, recording, isLooking }: EndedParts,
  f: Format,
): readonly [how: string, what: string] {
  const t = words[f.language];
  const length = lengthOf(f, recording?.duration_ms);
  if (ended.stopped !== undefined) {
    return recording === undefined ? [t.stopped, ''] : [t.stoppedSaved, ''];
  }
  if (recording === undefined) return [t.cut, isLooking ? t.looking : t.nothingFound];
  return recording.recovered === true ? [t.cut, t.recovered(length)] : [t.restarted(length), ''];
}
