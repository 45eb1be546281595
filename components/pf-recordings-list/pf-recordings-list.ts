// <pf-recordings-list>: what is on the host's disk, newest first: view, download, delete (asks in place). Knows a
// recording only by its head; the samples are the detail's business.
import { Task, TaskStatus } from '@lit-labs/task';
import {
  css,
  html,
  nothing,
  type PropertyDeclarations,
  type PropertyValues,
  type TemplateResult,
} from 'lit';
import type { CaptureMeta } from '../../contract/stats.ts';
import { saveFile } from '../base/download.ts';
import { define } from '../base/element.ts';
import { PfRecordingDeleted, PfRecordingRestored, PfRecordingSelect } from '../base/events.ts';
import { fieldStyles } from '../base/field-styles.ts';
import { codecName, kindName, mode } from '../base/format.ts';
import { dateOf } from '../base/format-dates.ts';
import { Poller } from '../base/poller.ts';
import { failureNote } from '../base/states.ts';
import { type ApiFailure, asFailure, type StatsApi } from '../base/stats-api.ts';
import { StatsElement } from '../base/stats-element.ts';
import { loading } from '../base/strings.ts';
import { controls } from '../base/styles.ts';
import { tokens } from '../base/tokens.ts';
import { words } from './strings.ts';

/**
 * @summary The recordings on the host.
 * @event {PfRecordingSelect} pf-recording-select - A recording was chosen for viewing.
 * @event {PfRecordingDeleted} pf-recording-deleted - A recording was deleted.
 * @event {PfRecordingRestored} pf-recording-restored - A deleted recording was taken back.
 * @csspart card - The frame.
 * @csspart row - One recording.
 * @csspart problem - The sentence about a failure.
 */
export class PfRecordingsList extends StatsElement {
  static override properties: PropertyDeclarations = {
    ...StatsElement.properties,
    recordings: { attribute: false },
    selected: { type: String },
    held: { state: true },
    asking: { state: true },
    failure: { state: true },
    said: { state: true },
    gone: { state: true },
  };
  static override styles = [
    tokens,
    controls,
    fieldStyles,
    css`
      .card {
        overflow: clip;
      }
      .rows {
        display: grid;
      }
      .row {
        position: relative;
        display: grid;
        grid-template-columns: minmax(0, 1fr) auto;
        gap: 1px 8px;
        align-content: start;
        padding: 8px 16px 6px;
        border-top: 1px solid var(--_hairline);
      }
      .row:hover, .row.on {
        background: var(--_raised);
      }
      .row.on::before {
        content: '';
        position: absolute;
        inset-block: 0;
        inset-inline-start: 0;
        width: 3px;
        background: var(--_accent);
      }
      .when {
        font-weight: 600;
      }
      .long {
        text-align: end;
        color: var(--_text2);
        white-space: nowrap;
      }
      .facts {
        grid-column: 1 / -1;
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 1px 8px;
        font-size: var(--_size-s);
        line-height: 18px;
        color: var(--_text2);
      }
      .kind {
        padding: 0 5px;
        border: 1px solid var(--_control);
        border-radius: 4px;
        font-size: var(--_size-xs);
        line-height: 15px;
        font-weight: 500;
        white-space: nowrap;
      }
      .facts span {
        white-space: nowrap;
      }
      .acts {
        grid-column: 1 / -1;
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 0 2px;
        margin-inline: -8px;
      }
      .acts .btn {
        padding-inline: 8px;
        color: var(--_text2);
      }
      .acts .btn:hover {
        color: var(--_text);
      }
      .row:hover .btn.ghost:hover, .row.on .btn.ghost:hover {
        background: var(--_surface);
      }
      .sure {
        grid-column: 1 / -1;
        display: grid;
        gap: 6px;
        padding-block: 4px;
      }
      .sure .acts {
        margin: 0;
        gap: 8px;
      }
      .sure .btn {
        color: var(--_text);
        border-color: var(--_control);
      }
      .sure .btn.bad {
        color: var(--_bad);
        border-color: var(--_bad);
      }
      .file {
        overflow-wrap: anywhere;
        white-space: normal;
      }
      .row .note {
        grid-column: 1 / -1;
      }
      .undo {
        display: flex;
        align-items: center;
        justify-content: space-between;
        gap: 8px;
      }
      .say {
        padding: 10px 16px 14px;
        border-top: 1px solid var(--_hairline);
      }
      @container (min-width: 560px) {
        .rows {
          grid-template-columns: repeat(auto-fill, minmax(272px, 1fr));
        }
      }
      @container (max-width: 340px) {
        :host(:not([side])) .row, :host(:not([side])) .say {
          padding-inline: 12px;
        }
      }
    `,
  ];

  /** Handed in by a page that asks itself; without it the element reads the list. */
  declare recordings: readonly CaptureMeta[] | undefined;
  /** Id of the recording being viewed. */
  declare selected: string | undefined;
  declare protected held: readonly CaptureMeta[] | undefined;
  /** Id whose deletion is being asked about. */
  declare protected asking: string | undefined;
  declare protected failure: ApiFailure | undefined;
  declare protected said: string;
  /** Deleted last, and still in the host's trash. */
  declare protected gone: string | undefined;

  readonly #list = new Task<readonly [StatsApi], readonly CaptureMeta[]>(this, {
    task: ([api], { signal }) => api.recordings(signal),
    args: () => [this.client] as const,
    autoRun: false,
    onComplete: (list) => {
      this.failure = undefined;
      this.held = list;
    },
    onError: (thrown) => this.#fail(thrown),
  });
  readonly #poller = new Poller({ ask: () => this.#askList(), everyMs: BEAT_MS });
  readonly #delete = new Task<readonly [string], void>(this, {
    task: ([id], { signal }) => this.#remove(id, signal),
    autoRun: false,
    onError: (thrown) => this.#fail(thrown),
  });
  readonly #restore = new Task<readonly [string], void>(this, {
    task: ([id], { signal }) => this.#takeBack(id, signal),
    autoRun: false,
    onError: (thrown) => this.#fail(thrown),
  });
  readonly #download = new Task<readonly [string], void>(this, {
    task: async ([id], { signal }) =>
      saveFile(await this.client.recordingFile(id, signal), `${id}.json`),
    autoRun: false,
    onError: (thrown) => this.#fail(thrown),
  });

  constructor() {
    super();
    this.said = '';
  }

  /** Reads the list again. */
  again(): void {
    this.#poller.now();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#poller.stop();
    this.#list.abort();
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (changed.has('api') || changed.has('host') || changed.has('token')) {
      this.held = undefined;
      this.gone = undefined;
      this.failure = undefined;
      this.#poller.stop();
    }
    if (this.recordings === undefined && this.isConnected) this.#poller.start();
    else this.#poller.stop();
  }

  protected override updated(changed: PropertyValues): void {
    // The safe answer gets the focus: Enter twice in a row must not delete.
    if (changed.has('asking') && this.asking !== undefined) {
      this.renderRoot.querySelector<HTMLElement>('.keep')?.focus();
    }
  }

  protected override render(): TemplateResult {
    const t = words[this.language];
    const list = this.recordings ?? this.held;
    return html`<div class="frame"><section class="card" part="card" aria-label=${t.heading}>
      <div class="head"><h2>${t.heading}</h2>${
        list === undefined
          ? nothing
          : html`<span class="t3 s">${this.format.count(list.length)}</span>`
      }</div>
      ${this.failure === undefined ? nothing : html`<div class="say">${failureNote(this.failure, this.format)}</div>`}
      ${this.gone === undefined ? nothing : this.#renderUndo(this.gone)}${this.#renderList(list)}
      <p class="vh" role="status">${this.said}</p>
    </section></div>`;
  }

  #renderList(list: readonly CaptureMeta[] | undefined): unknown {
    const t = words[this.language];
    if (list === undefined) {
      return this.failure === undefined
        ? html`<p class="say note">${loading[this.language].reading}</p>`
        : nothing;
    }
    if (list.length === 0) return html`<p class="say note">${t.none}</p>`;
    return html`<ul class="rows">${list.map((meta) => this.#renderRow(meta))}</ul>`;
  }

  #renderRow(meta: CaptureMeta): TemplateResult {
    if (meta.damaged !== undefined) return this.#renderDamaged(meta, meta.damaged);
    const t = words[this.language];
    const f = this.format;
    const when = dateOf(f, meta.started_unix_ms);
    const marks = [
      meta.starred === true ? t.starred : '',
      meta.recovered === true ? t.recovered : '',
      meta.trigger === undefined ? '' : t.blackBox,
      ...(meta.tags ?? []),
    ].filter((x) => x !== '');
    const on = meta.id === this.selected;
    const facts = [mode(f, meta.width, meta.height, meta.fps), codecName(meta.codec)].filter(
      (x) => x !== '–',
    );
    return html`<li class="row ${on ? 'on' : ''}" part="row" data-id=${meta.id} aria-current=${on ? 'true' : nothing}>
      <span class="when">${meta.name ?? when}</span><span class="long">${f.clock(meta.duration_ms)}</span>
      ${meta.name === undefined ? nothing : html`<span class="facts"><span>${when}</span></span>`}<span class="facts"><span class="kind">${meta.kind === '' ? t.noSession : kindName(meta.kind)}</span>${facts.map(
        (x) => html`<span>${x}</span>`,
      )}<span class="t3">${t.samples(f.count(meta.sample_count), meta.sample_count === 1)}</span>${marks.map(
        (x) => html`<span class="kind">${x}</span>`,
      )}</span>
      ${this.asking === meta.id ? this.#renderSure(meta.id) : this.#renderActs(meta.id, when)}
    </li>`;
  }

  /** A file that cannot be read: which, and why. */
  #renderDamaged(meta: CaptureMeta, { file, reason }: { file: string; reason: string }) {
    const t = words[this.language];
    return html`<li class="row" part="row" data-id=${meta.id}>
      <span class="when">${t.damaged}</span><span class="facts"><span class="file">${file}</span></span>
      <p class="note warn">${reason}</p>
      ${
        meta.id === ''
          ? nothing
          : this.asking === meta.id
            ? this.#renderSure(meta.id)
            : html`<span class="acts"><button class="btn ghost" aria-label=${t.deleteOf(file)} @click=${() => this.#ask(meta.id)}>${t.delete}</button></span>`
      }
    </li>`;
  }

  #renderUndo(id: string): TemplateResult {
    const t = words[this.language];
    const busy = this.#restore.status === TaskStatus.PENDING;
    return html`<div class="say undo"><p class="s" tabindex="-1">${t.deleted}</p><button class="btn" ?disabled=${busy}
      @click=${() => void this.#restore.run([id])}>${t.undo}</button></div>`;
  }

  #renderActs(id: string, when: string): TemplateResult {
    const t = words[this.language];
    return html`<span class="acts">
      <button class="btn ghost" aria-label=${t.viewOf(when)} @click=${() => this.#view(id)}>${t.view}</button>
      <button class="btn ghost" aria-label=${t.downloadOf(when)} @click=${() => this.#save(id)}>${t.download}</button>
      <button class="btn ghost" aria-label=${t.deleteOf(when)} @click=${() => this.#ask(id)}>${t.delete}</button>
    </span>`;
  }

  #renderSure(id: string): TemplateResult {
    const t = words[this.language];
    const busy = this.#delete.status === TaskStatus.PENDING;
    const sure = this.client.restoreRecording === undefined ? t.sure : t.sureTrash;
    return html`<div class="sure" role="group" aria-label=${sure} @keydown=${this.#onSureKey}>
      <p class="s">${sure}</p>
      <span class="acts"><button class="btn bad" ?disabled=${busy} @click=${() => this.#confirm(id)}>
        ${busy ? t.deleting : t.deleteNow}</button
      ><button class="btn keep" ?disabled=${busy} @click=${() => this.#ask(undefined)}>${t.keep}</button></span>
    </div>`;
  }

  #view(id: string): void {
    this.selected = id;
    this.dispatchEvent(new PfRecordingSelect(id));
  }

  #save(id: string): void {
    this.failure = undefined;
    void this.#download.run([id]);
  }

  #ask(id: string | undefined): void {
    this.failure = undefined;
    this.asking = id;
  }

  #confirm(id: string): void {
    void this.#delete.run([id]);
  }

  readonly #onSureKey = (event: KeyboardEvent): void => {
    if (event.key !== 'Escape') return;
    event.stopPropagation();
    this.#ask(undefined);
  };

  async #remove(id: string, signal: AbortSignal): Promise<void> {
    try {
      await this.client.deleteRecording(id, signal);
    } catch (thrown) {
      // Gone already: what was asked for is the case.
      if (asFailure(thrown).kind !== 'not-found') throw thrown;
    }
    this.asking = undefined;
    this.said = words[this.language].deleted;
    this.held = this.held?.filter((m) => m.id !== id);
    this.gone = this.client.restoreRecording === undefined ? undefined : id;
    if (this.selected === id) this.selected = undefined;
    this.dispatchEvent(new PfRecordingDeleted(id));
  }

  async #takeBack(id: string, signal: AbortSignal): Promise<void> {
    const recording = await this.client.restoreRecording?.(id, signal);
    this.gone = undefined;
    if (recording === undefined) return;
    this.said = words[this.language].restored;
    this.dispatchEvent(new PfRecordingRestored(recording));
    this.again();
  }

  async #askList(): Promise<void> {
    await this.#list.run();
    if (this.#list.status === TaskStatus.ERROR) throw this.#list.error;
  }

  #fail(thrown: unknown): void {
    if (thrown instanceof DOMException && thrown.name === 'AbortError') return;
    this.failure = asFailure(thrown);
  }
}

define('pf-recordings-list', PfRecordingsList);

declare global {
  interface HTMLElementTagNameMap {
    'pf-recordings-list': PfRecordingsList;
  }
}

/** Others may record too; nobody waits for it. */
const BEAT_MS = 10_000;
