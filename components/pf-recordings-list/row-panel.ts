// What opens in a row: what can be done with it, the editor of what people add to it, and the question before it is
// deleted. Templates and the reading of the editor; the list does what they say.
import { html, nothing, type TemplateResult } from 'lit';
import type { CaptureMeta, RecordingChange } from '../../contract/stats.ts';
import type { Format } from '../base/format.ts';
import { words } from './strings.ts';

/** Of the host's files and of what is made of them in the page. */
export type FileFormat = 'json' | 'json.gz' | 'parquet' | 'csv' | 'trace';

/** A format of the page's own: it is told, and makes it. */
export interface OwnFormat {
  readonly id: string;
  readonly label: string;
}

export interface ActsView {
  readonly meta: CaptureMeta;
  readonly canChange: boolean;
  readonly formats: readonly FileFormat[];
  readonly own: readonly OwnFormat[];
  /** The format that is being made. */
  readonly making: string | undefined;
  readonly what: string;
  readonly onStar: () => void;
  readonly onEdit: () => void;
  readonly onFormat: (format: FileFormat) => void;
  readonly onOwn: (format: string) => void;
  readonly onDelete: () => void;
}

export function renderActs(view: ActsView, format: Format): TemplateResult {
  const t = words[format.language];
  const { meta, making } = view;
  const isWhole = meta.damaged === undefined;
  return html`<div class="open">
    ${meta.note === undefined ? nothing : html`<p class="noted">${meta.note}</p>`}
    ${
      isWhole
        ? html`<div class="acts" role="group" aria-label=${t.download}><span class="what" aria-hidden="true">${t.download}</span>${view.formats.map(
            (one) =>
              html`<button class="btn" aria-label=${t.downloadAs(labelOf(one, format))} ?disabled=${making !== undefined} @click=${() => view.onFormat(one)}>${labelOf(one, format)}</button>`,
          )}${view.own.map(
            (one) =>
              html`<button class="btn" ?disabled=${making !== undefined} @click=${() => view.onOwn(one.id)}>${one.label}</button>`,
          )}</div>`
        : nothing
    }
    ${making === undefined ? nothing : html`<p class="note" role="status">${t.making(making)}</p>`}
    <div class="acts">${
      view.canChange && isWhole
        ? html`<button class="btn" @click=${view.onStar}>${meta.starred === true ? t.unstar : t.star}</button
            ><button class="btn" @click=${view.onEdit}>${t.edit}</button>`
        : nothing
    }<button class="btn" aria-label=${t.deleteOf(view.what)} @click=${view.onDelete}>${t.delete}</button></div>
  </div>`;
}

export function labelOf(file: FileFormat, format: Format): string {
  const t = words[format.language];
  const names = { json: 'JSON', 'json.gz': 'JSON gz', parquet: 'Parquet', csv: 'CSV' } as const;
  return file === 'trace' ? t.trace : names[file];
}

/** The name of the file that a download becomes. */
export function fileName(id: string, file: FileFormat): string {
  const endings = {
    json: 'json',
    'json.gz': 'json.gz',
    parquet: 'frames.parquet',
    csv: 'frames.csv',
    trace: 'trace.json',
  } as const;
  return `${id}.${endings[file]}`;
}

/** What stands in the editor, kept while its row is scrolled away. */
export interface Draft {
  readonly name: string;
  readonly note: string;
  readonly tags: string;
}

export function draftOf({ name = '', note = '', tags = [] }: CaptureMeta): Draft {
  return { name, note, tags: tags.join(', ') };
}

/** What of the draft is another than it was; undefined when nothing is. */
export function changeOf(meta: CaptureMeta, draft: Draft): RecordingChange | undefined {
  const name = draft.name.trim();
  const note = draft.note.trim();
  const tags = tagsOf(draft.tags);
  const change: RecordingChange = {
    ...(name === (meta.name ?? '') ? {} : { name }),
    ...(note === (meta.note ?? '') ? {} : { note }),
    ...(tags.join('\n') === (meta.tags ?? []).join('\n') ? {} : { tags }),
  };
  return Object.keys(change).length === 0 ? undefined : change;
}

function tagsOf(text: string): string[] {
  const tags = text.split(',').map((tag) => tag.trim().slice(0, MOST_TAG));
  return [...new Set(tags.filter((tag) => tag !== ''))].slice(0, MOST_TAGS);
}

export interface EditorView {
  readonly draft: Draft;
  readonly busy: boolean;
  readonly onDraft: (draft: Draft) => void;
  readonly onSave: (draft: Draft) => void;
  readonly onCancel: () => void;
}

export function renderEditor(view: EditorView, format: Format): TemplateResult {
  const t = words[format.language];
  const { draft, busy } = view;
  // What was typed since is read off the fields: another draft does not draw them again.
  const onInput = ({ currentTarget }: Event): void => {
    if (currentTarget instanceof HTMLFormElement) view.onDraft(typedIn(currentTarget));
  };
  const onSubmit = (event: Event): void => {
    event.preventDefault();
    if (event.target instanceof HTMLFormElement) view.onSave(typedIn(event.target));
  };
  return html`<form class="open" @submit=${onSubmit} @input=${onInput}>
    <label class="field">${t.nameField}<input name="name" maxlength="120" autocomplete="off" .value=${draft.name} /></label>
    <label class="field">${t.noteField}<textarea name="note" maxlength="4000" .value=${draft.note}></textarea></label>
    <label class="field">${t.tagsField}<input name="tags" maxlength="840" autocomplete="off" .value=${draft.tags} /></label>
    <div class="acts"><button class="btn primary" ?disabled=${busy}>${t.save}</button
      ><button class="btn" type="button" ?disabled=${busy} @click=${view.onCancel}>${t.cancel}</button></div>
  </form>`;
}

function typedIn(form: HTMLFormElement): Draft {
  const typed = new FormData(form);
  const text = (name: keyof Draft): string => String(typed.get(name) ?? '');
  return { name: text('name'), note: text('note'), tags: text('tags') };
}

export interface SureView {
  readonly question: string;
  readonly yes: string;
  readonly busy: boolean;
  readonly onYes: () => void;
  readonly onNo: () => void;
}

export function renderSure(view: SureView, format: Format): TemplateResult {
  const t = words[format.language];
  return html`<div class="open" role="group" aria-label=${view.question}>
    <p class="s">${view.question}</p>
    <div class="acts"><button class="btn bad" ?disabled=${view.busy} @click=${view.onYes}>${view.busy ? t.deleting : view.yes}</button
      ><button class="btn keep" ?disabled=${view.busy} @click=${view.onNo}>${t.keep}</button></div>
  </div>`;
}

const MOST_TAG = 40;
const MOST_TAGS = 20;
