// The runs of a comparison, a line each: what it is, which session, how far it is shifted, and whether the others are
// compared with it. Templates only.
import { html, nothing, type TemplateResult } from 'lit';
import type { Capture, CaptureMeta } from '../../contract/stats.ts';
import { chartWords } from '../base/chart-strings.ts';
import { codecName, DASH, type Format, mode } from '../base/format.ts';
import { dateOf, lengthOf } from '../base/format-dates.ts';
import { percentOf } from '../base/format-shares.ts';
import { failureNote } from '../base/states.ts';
import type { ApiFailure } from '../base/stats-api.ts';
import { sessionIds } from '../chart/sessions.ts';
import { shiftIn, shiftText } from './alignment.ts';
import { letterOf, runSwatch } from './look.ts';
import { words } from './strings.ts';

export interface RunLine {
  readonly run: number;
  readonly id: string | undefined;
  readonly capture: Capture | undefined;
  /** What a list says of it: its name lies beside the file. */
  readonly entry: CaptureMeta | undefined;
  readonly session: number | undefined;
  readonly failure: ApiFailure | undefined;
  readonly isReading: boolean;
  readonly share: number | undefined;
  readonly hasFrames: boolean;
  readonly isBase: boolean;
  /** Undefined for the one whose clock is the axis, and before it is read. */
  readonly shiftMs: number | undefined;
  readonly onSession: (session: number) => void;
  readonly onShift: (shiftMs: number) => void;
  readonly onBase: () => void;
}

/** Name, else when it began, else its id. */
export function nameOf(line: Pick<RunLine, 'capture' | 'entry' | 'id'>, format: Format): string {
  const meta = line.capture?.meta ?? line.entry;
  const name = line.entry?.name ?? meta?.name;
  if (name !== undefined) return name;
  return meta === undefined ? (line.id ?? DASH) : dateOf(format, meta.started_unix_ms);
}

export function renderRun(line: RunLine, format: Format): TemplateResult {
  const t = words[format.language];
  const letter = letterOf(line.run);
  return html`<li part="run">
    <span class="key">${runSwatch(line.run)}${letter}</span>
    <div class="what"><b>${nameOf(line, format)}</b>
      ${line.failure === undefined ? html`<div class="facts">${factsOf(line, format).map((fact) => html`<span>${fact}</span>`)}</div>` : failureNote(line.failure, format)}</div>
    <div class="set">${renderSessions(line, format)}${
      line.shiftMs === undefined
        ? nothing
        : html`<label>${t.shift}<input aria-label=${`${t.shiftOf(letter)}, s`} inputmode="text" autocomplete="off" spellcheck="false" maxlength="14"
            .value=${shiftText(line.shiftMs, pointOf(format))} @change=${(event: Event) => onTyped(event, line, format)} />s</label>`
    }<label><input type="radio" name="base" aria-label=${t.baseOf(letter)} .checked=${line.isBase} @change=${line.onBase} />${t.base}</label></div>
  </li>`;
}

export const pointOf = ({ language }: Format): '.' | ',' => (language === 'de' ? ',' : '.');

/** What cannot be read as a time is put back. */
function onTyped({ target }: Event, { shiftMs = 0, onShift }: RunLine, format: Format): void {
  if (!(target instanceof HTMLInputElement)) return;
  const typed = shiftIn(target.value);
  target.value = shiftText(typed ?? shiftMs, pointOf(format));
  if (typed !== undefined) onShift(typed);
}

function renderSessions({ capture, run, session, onSession }: RunLine, format: Format): unknown {
  const ids = capture === undefined ? [] : sessionIds(capture);
  if (capture === undefined || ids.length < 2) return nothing;
  const onChange = ({ target }: Event): void => {
    if (target instanceof HTMLSelectElement) onSession(Number(target.value));
  };
  const nameOfSession = (id: number): string => {
    const own = capture.sessions?.find(({ session_id }) => session_id === id);
    const what =
      own === undefined ? '' : `${own.client} ${mode(format, own.width, own.height, own.fps)}`;
    const no = chartWords[format.language].sessionNo(id);
    return what.trim() === '' ? no : `${no} · ${what.trim()}`;
  };
  return html`<select class="pick" aria-label=${words[format.language].session(letterOf(run))} @change=${onChange}>${ids.map(
    (id) => html`<option value=${id} ?selected=${id === session}>${nameOfSession(id)}</option>`,
  )}</select>`;
}

function factsOf(line: RunLine, format: Format): readonly string[] {
  const t = words[format.language];
  const { capture, entry } = line;
  if (capture === undefined) return [line.isReading ? t.reading : '\u00a0'];
  const { meta } = capture;
  const own = capture.sessions?.find(({ session_id }) => session_id === line.session);
  const size = own ?? meta;
  const encoder = [codecName(own?.codec ?? meta.codec), own?.encoder];
  const facts = [
    (entry?.name ?? meta.name) === undefined ? '' : dateOf(format, meta.started_unix_ms),
    lengthOf(format, meta.duration_ms),
    mode(format, size.width, size.height, size.fps),
    encoder.filter((x) => x !== undefined && x !== '' && x !== DASH).join(' · '),
    own?.client ?? meta.client,
    line.isReading ? t.readingShare(percentOf(format, line.share ?? 0)) : noteOf(line, format),
  ];
  return facts.filter((fact) => fact !== '' && fact !== DASH);
}

function noteOf({ session, hasFrames }: RunLine, format: Format): string {
  const t = words[format.language];
  if (session === undefined) return t.noSession;
  return hasFrames ? '' : t.noFrames;
}
