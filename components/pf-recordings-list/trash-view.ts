// The trash: deleted recordings, each of which can be taken back or be gone for good. A template only.
import { html, nothing, type TemplateResult } from 'lit';
import type { CaptureMeta } from '../../contract/stats.ts';
import type { Format } from '../base/format.ts';
import { nameOf, trashLines } from './row.ts';
import { renderSure } from './row-panel.ts';
import { words } from './strings.ts';

export interface TrashView {
  readonly trashed: readonly CaptureMeta[];
  readonly busy: boolean;
  /** Id whose end is being asked about. */
  readonly asked: string | undefined;
  readonly canEnd: boolean;
  readonly problem: unknown;
  readonly onBack: () => void;
  readonly onRestore: (id: string) => void;
  readonly onAsk: (id: string | undefined) => void;
  readonly onEnd: (id: string) => void;
}

export function renderTrash(view: TrashView, format: Format): TemplateResult {
  const t = words[format.language];
  const { trashed } = view;
  return html`<div class="head"><h2>${t.trash}</h2><span class="t3 s">${format.count(trashed.length)}</span><span class="grow"></span>
      <button class="btn ghost back" @click=${view.onBack}>${t.back}</button></div>
    ${view.problem}${
      trashed.length === 0
        ? html`<p class="say note">${t.trashNone}</p>`
        : html`<ul class="rows trash" aria-label=${t.trash}>${trashed.map((meta) => renderRow(meta, view, format))}</ul>`
    }`;
}

function renderRow(meta: CaptureMeta, view: TrashView, format: Format): TemplateResult {
  const t = words[format.language];
  const { id } = meta;
  const what = nameOf(meta, format);
  return html`<li class="row" part="row" data-id=${id}>${trashLines(meta, format)}${
    view.asked === id
      ? renderSure(
          {
            ...{ question: t.sureForever, yes: t.forever, busy: view.busy },
            onYes: () => view.onEnd(id),
            onNo: () => view.onAsk(undefined),
          },
          format,
        )
      : html`<div class="open acts"><button class="btn" aria-label=${t.restoreOf(what)} ?disabled=${view.busy} @click=${() => view.onRestore(id)}>${t.restore}</button>${
          view.canEnd
            ? html`<button class="btn" aria-label=${t.foreverOf(what)} ?disabled=${view.busy} @click=${() => view.onAsk(id)}>${t.forever}</button>`
            : nothing
        }</div>`
  }</li>`;
}
