// One row of the list: what stands in its three lines, and the line of its run. Templates only; what is pressed is told
// to the list.
import { html, nothing, svg, type TemplateResult } from 'lit';
import type { CaptureMeta } from '../../contract/stats.ts';
import { codecName, DASH, type Format } from '../base/format.ts';
import { dateOf } from '../base/format-dates.ts';
import { figure } from '../base/states.ts';
import { swatch } from '../base/swatch.ts';
import type { Glance } from './glance.ts';
import { type RowVerdict, verdictKey, verdictSight, verdictWord } from './row-verdict.ts';
import { words } from './strings.ts';

export interface RowFacts {
  readonly meta: CaptureMeta;
  readonly glance: Glance | undefined;
  readonly verdict: RowVerdict | undefined;
}

/** What a recording is called in the list. */
export function nameOf(meta: CaptureMeta, format: Format): string {
  const t = words[format.language];
  if (meta.damaged !== undefined) return meta.damaged.file;
  if (meta.name !== undefined) return meta.name;
  return meta.trigger === undefined ? dateOf(format, meta.started_unix_ms) : t.blackBox;
}

export function rowLines(
  { meta, glance, verdict }: RowFacts,
  format: Format,
  onTag: (tag: string) => void,
): TemplateResult {
  const t = words[format.language];
  if (meta.damaged !== undefined) return damagedLines(meta.damaged, format);
  const isDated = meta.name === undefined && meta.trigger === undefined;
  const length = format.clock(meta.duration_ms);
  const when = isDated ? length : `${shortDate(format, meta.started_unix_ms)} · ${length}`;
  return html`<div class="lines">
    <div class="first"><span class="name" title=${nameOf(meta, format)}>${
      meta.starred === true
        ? html`<span class="star" aria-hidden="true">★</span><span class="vh">${t.starred}</span>`
        : nothing
    }${nameOf(meta, format)}</span><span class="quiet">${figure(sizeOf(format, meta.bytes), format)}</span></div>
    <div><span class="when">${when}</span>${spark(glance, format)}</div>
    <div><span class="word" title=${verdict === undefined ? nothing : verdictSight(verdict, format.language) || nothing}>${
      meta.sample_count === 0
        ? t.noSession
        : verdict === undefined
          ? nothing
          : html`${swatch(verdictKey(verdict))}${verdictWord(verdict, format.language)}`
    }</span><span class="mode quiet">${modeOf(meta)}</span></div>
    ${tagLine(meta, format, onTag)}
  </div>`;
}

/** What is told in a row of the trash. */
export function trashLines(meta: CaptureMeta, format: Format): TemplateResult {
  const t = words[format.language];
  const deleted = meta.deleted_unix_ms;
  return html`<div class="lines">
    <div class="first"><span class="name">${nameOf(meta, format)}</span><span class="quiet">${figure(sizeOf(format, meta.bytes), format)}</span></div>
    <div><span class="when">${shortDate(format, meta.started_unix_ms)} · ${format.clock(meta.duration_ms)}</span></div>
    <div><span class="quiet">${deleted === undefined ? nothing : t.deletedAt(shortDate(format, deleted))}</span></div>
  </div>`;
}

/** Rows of a kind are equally high before anybody measured one. */
export function shapeOf(meta: CaptureMeta): string {
  if (meta.damaged !== undefined) return 'damaged';
  return hasTags(meta) ? 'tagged' : 'plain';
}

/** `11.2 MB`; a short run has less than the tenth of one, and is not nothing. */
export function sizeOf(format: Format, bytes: number | undefined): string {
  if (bytes !== undefined && bytes < 100_000) {
    return format.unit(format.count(Math.ceil(bytes / 1000)), 'KB');
  }
  return format.unit(format.tenth(bytes === undefined ? undefined : bytes / 1e6), 'MB');
}

function damagedLines({ file, reason }: { file: string; reason: string }, format: Format) {
  return html`<div class="lines"><div class="first"><span class="name">${words[format.language].damaged}</span></div>
    <div><span class="file">${file}</span></div><p class="note warn">${reason}</p></div>`;
}

function hasTags(meta: CaptureMeta): boolean {
  const isFromBox = meta.trigger !== undefined && meta.name !== undefined;
  return (meta.tags?.length ?? 0) > 0 || meta.recovered === true || isFromBox;
}

function tagLine(meta: CaptureMeta, format: Format, onTag: (tag: string) => void): unknown {
  if (!hasTags(meta)) return nothing;
  const t = words[format.language];
  const marks = [
    meta.recovered === true ? t.recovered : '',
    meta.trigger !== undefined && meta.name !== undefined ? t.blackBoxTag : '',
  ].filter((mark) => mark !== '');
  return html`<div class="tags">${marks.map((mark) => html`<span class="tag">${mark}</span>`)}${(
    meta.tags ?? []
  ).map(
    (tag) =>
      html`<button class="tag" tabindex="-1" aria-label=${t.tagFilter(tag)} @click=${() => onTag(tag)}>${tag}</button>`,
  )}</div>`;
}

function modeOf(meta: CaptureMeta): string {
  const size = meta.height === 0 ? '' : `${meta.height}p${meta.fps === 0 ? '' : meta.fps}`;
  const codec = codecName(meta.codec);
  return [size, codec === DASH ? '' : codec].filter((text) => text !== '').join(' ');
}

/** `Fri 21 Aug, 20:14`; another year than this one is told. */
function shortDate(format: Format, unixMs: number): string {
  const year = new Date().getFullYear();
  if (new Date(unixMs).getFullYear() !== year) return dateOf(format, unixMs);
  return dateOf(format, unixMs).replace(` ${year}`, '');
}

/** The p99 of the total over the run, with its budget and what went beyond both; nothing is drawn where nothing was measured. */
function spark(glance: Glance | undefined, format: Format): TemplateResult {
  const t = words[format.language];
  const columns = glance?.line.length ?? 1;
  const most = glance === undefined ? Number.NaN : largest(glance.line);
  const worst = glance === undefined ? Number.NaN : largest(glance.worst);
  const said = Number.isNaN(worst)
    ? t.line(format.tenth(most))
    : t.lineAndWorst(format.tenth(most), format.tenth(worst));
  if (glance === undefined || Number.isNaN(most)) {
    return html`<svg class="spark" viewBox="0 0 1 20" aria-hidden="true"></svg>`;
  }
  return html`<svg class="spark" viewBox="0 0 ${columns} 20" preserveAspectRatio="none" role="img" aria-label=${said}>${svg`
    <path class="at" d="M0 ${height(1)}H${columns}"></path>
    <path class="hatch" d=${hatchPath(glance.starved, columns)}></path>
    <path class="worst" d=${worstPath(glance)}></path>
    <path class="line" d=${linePath(glance.line)}></path>`}</svg>`;
}

export function linePath(line: Float32Array): string {
  let path = '';
  let isOn = false;
  for (const [column, value] of line.entries()) {
    if (Number.isNaN(value)) {
      isOn = false;
      continue;
    }
    // A column alone is a point, and a point has to be as long as something.
    const point = `${column + 0.5} ${height(value)}`;
    path += isOn ? `L${point}` : `M${point}h0.01`;
    isOn = true;
  }
  return path;
}

/** Where a single frame went beyond the budget and the line: without this it would not be seen among a second's others. */
export function worstPath({ line, worst }: Pick<Glance, 'line' | 'worst'>): string {
  let path = '';
  for (const [column, value] of worst.entries()) {
    const foot = height(Math.max(1, line[column] || 0));
    if (height(value) < foot) path += `M${column + 0.5} ${foot}V${height(value)}`;
  }
  return path;
}

function hatchPath(spans: Glance['starved'], columns: number): string {
  let path = '';
  for (const [from, to] of spans) {
    const end = Math.min(columns, Math.max(to * columns, from * columns + 2));
    for (let x = from * columns; x < end; x += 2) path += `M${x.toFixed(1)} 19l2 -9`;
  }
  return path;
}

/** What is beyond three budgets leaves at the top. */
function height(budgets: number): number {
  return Math.round((19 - (Math.min(3, budgets) / 3) * 18) * 10) / 10;
}

function largest(line: Float32Array): number {
  return line.reduce(
    (most, value) => (value > most || Number.isNaN(most) ? value : most),
    Number.NaN,
  );
}
