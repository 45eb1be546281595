// The plan of a disturbed stream on the page: a line of fields a fault, and a picture of when each happens. Draws what it
// is given and tells what was changed; holds nothing.
import { html, nothing, type SVGTemplateResult, svg, type TemplateResult } from 'lit';
import type { Format } from '../base/format.ts';
import type { Token } from '../base/series-tokens.ts';
import { type Key, swatch } from '../base/swatch.ts';
import { timeTicks } from '../chart/scale.ts';
import {
  FAULT_KINDS,
  FAULTS,
  type Fault,
  type FaultKind,
  faultOf,
  lastsS,
  timesOf,
} from './faults.ts';
import { faultNames, unitNames, words } from './strings.ts';

export interface PlanEdit {
  readonly format: Format;
  readonly faults: readonly Fault[];
  readonly disabled: boolean;
  readonly onChange: (faults: readonly Fault[]) => void;
}

/** What a fault looks like in the picture and beside its line: as what it does is drawn in the charts. */
export function keyOf(kind: FaultKind): Key {
  switch (kind) {
    case 'encoder':
      return { shape: 'fill', token: 'encode' };
    case 'capture':
    case 'send':
      return { shape: 'fill', token: kind };
    case 'repeats':
      return { shape: 'hatch', token: 'repeat' };
    case 'drops':
    case 'loss':
      return { shape: 'fill', token: 'bad' };
    case 'key_frames':
      return { shape: 'fill', token: 'text2' };
    case 'session':
      return { shape: 'fill', token: 'text3' };
  }
}

export function planRows(edit: PlanEdit): TemplateResult {
  const t = words[edit.format.language];
  const { faults, disabled, onChange } = edit;
  return html`<div class="faults">${faults.map((fault, i) => planRow(edit, fault, i))}
    ${faults.length === 0 ? html`<p class="note">${t.none}</p>` : nothing}
    <div><button class="btn add" type="button" ?disabled=${disabled || faults.length >= MOST_FAULTS}
      @click=${() => onChange([...faults, nextFault(faults)])}>${t.add}</button></div></div>`;
}

function planRow(edit: PlanEdit, fault: Fault, index: number): TemplateResult {
  const { format, faults, disabled, onChange } = edit;
  const { language } = format;
  const t = words[language];
  const spec = FAULTS[fault.kind];
  const no = format.count(index + 1);
  const put = (change: Partial<Fault>): void =>
    onChange(faults.map((one, i) => (i === index ? { ...one, ...change } : one)));
  const kinds = html`${FAULT_KINDS.map(
    (kind) =>
      html`<option value=${kind} ?selected=${kind === fault.kind}>${faultNames[language][kind]}</option>`,
  )}`;
  const field = (label: string, value: number, most: number, step: number, set: Set): unknown =>
    html`<label class="field">${label}<input type="number" required min=${step} max=${most} step=${step} ?disabled=${disabled}
      .value=${Number.isFinite(value) ? String(value) : ''} @change=${(event: Event) => set(numberIn(event))} /></label>`;
  return html`<div class="fault" role="group" aria-label=${t.faultNo(no, faultNames[language][fault.kind])}>
    <span class="no" aria-hidden="true">${no}</span>
    <div class="ins"><label class="field what">${t.fault}<span class="kind">${swatch(keyOf(fault.kind))}<select ?disabled=${disabled}
      @change=${(event: Event) => put(changedKind(event, fault))}>${kinds}</select></span></label>
    ${field(t.at, fault.atS, 3600, 0.1, (atS) => put({ atS }))}
    ${field(unitNames[language][spec.unit], fault.amount, spec.most, 1, (amount) => put({ amount }))}
    ${spec.lengthS === undefined ? nothing : field(t.lasts, fault.lengthS, 3600, 0.1, (lengthS) => put({ lengthS }))}
    ${
      spec.repeats
        ? html`<label class="field">${t.every}<input type="number" min="0.1" max="3600" step="0.1" placeholder=${t.once} ?disabled=${disabled}
          .value=${fault.everyS === undefined ? '' : String(fault.everyS)} @change=${(event: Event) => put({ everyS: known(numberIn(event)) })} /></label>`
        : nothing
    }</div>
    <button class="btn ghost" type="button" aria-label=${t.removeOf(no)} ?disabled=${disabled}
      @click=${() => onChange(faults.toSpliced(index, 1))}>${t.remove}</button>
  </div>`;
}

type Set = (value: number) => void;

function changedKind(event: Event, { atS }: Fault): Fault {
  const kind = FAULT_KINDS.find(
    (one) => event.target instanceof HTMLSelectElement && one === event.target.value,
  );
  return faultOf(kind ?? 'encoder', atS);
}

/** One that is not there yet, behind the last. */
function nextFault(faults: readonly Fault[]): Fault {
  const kind = FAULT_KINDS.find((one) => !faults.some((fault) => fault.kind === one)) ?? 'encoder';
  const last = Math.max(
    FIRST_AT_S - APART_S,
    ...faults.map(({ atS }) => atS).filter(Number.isFinite),
  );
  return faultOf(kind, last + APART_S);
}

function numberIn(event: Event): number {
  return event.target instanceof HTMLInputElement ? event.target.valueAsNumber : Number.NaN;
}

const known = (value: number): number | undefined => (Number.isFinite(value) ? value : undefined);

/** Whether every field says something. */
export const isWhole = (faults: readonly Fault[]): boolean =>
  faults.every(({ atS, amount, lengthS }) => [atS, amount, lengthS].every(Number.isFinite));

export interface Picture {
  readonly format: Format;
  readonly faults: readonly Fault[];
  readonly seconds: number;
  readonly fps: number;
  /** How far the stream is; undefined while none runs. */
  readonly elapsedS: number | undefined;
  readonly widthPx: number;
}

/** When what happens, on the stream's own time; the lines below the picture say the same in words. */
export function planPicture(picture: Picture): TemplateResult {
  const { format, faults, seconds, elapsedS, widthPx } = picture;
  const at = (s: number): string =>
    `${Math.min(100, Math.max(0, (s / seconds) * 100)).toFixed(3)}%`;
  const ticks = timeTicks({ fromMs: 0, toMs: seconds * 1000 }, Math.max(1, widthPx), TICK_PX);
  return html`<svg class="plan" role="img" aria-label=${spoken(picture)}>
    <defs><pattern id="hatch" width="4" height="4" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
      <path d="M0 0v4" class="hatched"></path></pattern></defs>
    ${ticks.map(
      (ms, i) =>
        svg`<line class="grid" x1=${at(ms / 1000)} x2=${at(ms / 1000)} y1="18" y2="64"></line><text
          class="tick" x=${at(ms / 1000)} y="12" text-anchor=${i === 0 ? 'start' : ms === seconds * 1000 ? 'end' : 'middle'}>${format.clock(ms)}</text>`,
    )}
    <rect class="stream" x="0" y="40" width="100%" height="14"></rect>
    ${faults.map((fault, i) => marks(picture, fault, i, at))}
    ${elapsedS === undefined ? nothing : svg`<line class="now" x1=${at(elapsedS)} x2=${at(elapsedS)} y1="18" y2="64"></line>`}
  </svg>`;
}

function marks(
  { format, seconds, fps }: Picture,
  fault: Fault,
  index: number,
  at: (s: number) => string,
): SVGTemplateResult {
  const key = keyOf(fault.kind);
  const lasts = lastsS(fault, fps);
  const isOther = fault.kind === 'session';
  const times = timesOf(fault, seconds);
  const kind = key.shape === 'hatch' ? 'hatch' : tokenClass(key.token);
  return svg`${times.map((from, n) => {
    const width = Math.max(0, Math.min(lasts, seconds - from));
    return svg`<rect class="mark ${kind}" x=${at(from)} width=${at(width)} y=${isOther ? 57 : 36} height=${isOther ? 7 : 18}></rect>${
      n > 0
        ? nothing
        : svg`<text class="label" x=${at(from)} y="31" text-anchor=${from > seconds * 0.97 ? 'end' : 'start'}>${format.count(index + 1)}</text>`
    }`;
  })}`;
}

const tokenClass = (token: Token): string => `m-${token}`;

function spoken({ format, faults, seconds }: Picture): string {
  const t = words[format.language];
  const s = (value: number): string => format.unit(format.tenth(value), 's');
  const list = faults.map((fault) => {
    const times = timesOf(fault, seconds).length;
    const name = faultNames[format.language][fault.kind];
    return t.planOne(name, s(fault.atS), times > 1 ? t.times(format.count(times)) : '');
  });
  return t.plan(s(seconds), list.length === 0 ? t.none : list.join('; '));
}

/** What a running stream is being disturbed by, and what comes next. */
export function nowText(picture: Omit<Picture, 'widthPx'>): string {
  const { format, faults, seconds, fps, elapsedS = 0 } = picture;
  const t = words[format.language];
  const all = faults.flatMap((fault) =>
    timesOf(fault, seconds).map((from) => ({
      name: faultNames[format.language][fault.kind],
      from,
      // A spike of a frame would be over before anybody has read of it.
      to: from + Math.max(1, lastsS(fault, fps)),
    })),
  );
  const now = all.filter(({ from, to }) => from <= elapsedS && elapsedS < to);
  if (now.length > 0) return t.nowInjecting([...new Set(now.map(({ name }) => name))].join(', '));
  const [next] = all.filter(({ from }) => from > elapsedS).sort((a, b) => a.from - b.from);
  if (next === undefined) return all.length === 0 ? '' : t.allInjected;
  const wait = format.unit(format.count(Math.ceil(next.from - elapsedS)), 's');
  return t.nextInjecting(next.name, wait);
}

export const FIRST_AT_S = 3;
/** Late frames closer than three seconds are one finding. */
const APART_S = 4;
const MOST_FAULTS = 12;
const TICK_PX = 56;
