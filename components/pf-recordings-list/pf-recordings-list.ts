// <pf-recordings-list>: what is on the host's disk: found, put in order, looked at, called something, downloaded, deleted
// and taken back, chosen for a comparison. Knows a recording by its head; the line of a row and its verdict come from the
// windows of those that are seen.
import {
  html,
  nothing,
  type PropertyDeclarations,
  type PropertyValues,
  type TemplateResult,
} from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import type { CaptureMeta } from '../../contract/stats.ts';
import { define } from '../base/element.ts';
import {
  PfRecordingChanged,
  PfRecordingDeleted,
  PfRecordingExport,
  PfRecordingRestored,
  PfRecordingSelect,
  PfRecordingsCompare,
} from '../base/events.ts';
import { fieldStyles } from '../base/field-styles.ts';
import { seriesTokens } from '../base/series-tokens.ts';
import { failureNote } from '../base/states.ts';
import { StatsElement } from '../base/stats-element.ts';
import { loading } from '../base/strings.ts';
import { controls } from '../base/styles.ts';
import { swatchStyles } from '../base/swatch.ts';
import { tokens } from '../base/tokens.ts';
import { choose } from './choice.ts';
import { Glances } from './glances.ts';
import { renderHead } from './head-view.ts';
import { stepOf } from './list-keys.ts';
import { type Done, ListStore } from './list-store.ts';
import { type Opening, renderOpened } from './opened-view.ts';
import type { Order } from './order.ts';
import { nameOf, rowLines, shapeOf } from './row.ts';
import type { Draft, OwnFormat } from './row-panel.ts';
import { type RowVerdict, verdictNames } from './row-verdict.ts';
import { RowWindow, type WindowItem } from './row-window.ts';
import { quoted, type Told } from './search.ts';
import { words } from './strings.ts';
import { listStyles } from './styles.ts';
import { renderTrash } from './trash-view.ts';

interface Opened {
  readonly id: string;
  readonly what: Opening;
}

/**
 * @summary The recordings on the host.
 * @event {PfRecordingSelect} pf-recording-select - A recording was chosen for viewing.
 * @event {PfRecordingsCompare} pf-recordings-compare - Two to six recordings were chosen to be laid over each other.
 * @event {PfRecordingChanged} pf-recording-changed - Name, note, tags or star were changed.
 * @event {PfRecordingExport} pf-recording-export - One of `formats` was chosen for a recording.
 * @event {PfRecordingDeleted} pf-recording-deleted - A recording was deleted.
 * @event {PfRecordingRestored} pf-recording-restored - A deleted recording was taken back.
 * @csspart card - The frame.
 * @csspart row - One recording.
 * @csspart problem - The sentence about a failure.
 * @cssproperty --pf-recordings-height - The most that the rows take; beyond it they scroll.
 */
export class PfRecordingsList extends StatsElement {
  static override properties: PropertyDeclarations = {
    ...StatsElement.properties,
    recordings: { attribute: false },
    selected: { type: String },
    search: { type: String },
    order: { type: String },
    verdicts: { attribute: false },
    formats: { attribute: false },
    comparable: { type: Boolean },
    opened: { state: true },
    picked: { state: true },
    said: { state: true },
    panel: { state: true },
    all: { state: true },
  };
  static override styles = [tokens, seriesTokens, controls, fieldStyles, swatchStyles, listStyles];

  /** Handed in by a page that asks itself; without it the element reads the list. */
  declare recordings: readonly CaptureMeta[] | undefined;
  /** Id of the recording being viewed. */
  declare selected: string | undefined;
  /** What is looked for: words, `codec:hevc`, `client:deck`, `app:x`, `tag:y`, `verdict:clean`, `>30m`, `starred:`. */
  declare search: string;
  /** `newest`, `longest`, `largest` or `name`. */
  declare order: Order;
  /** How recordings went that were reviewed with all their frames, by id: it counts before what their windows tell. */
  declare verdicts: ReadonlyMap<string, RowVerdict> | undefined;
  /** Formats that the page itself makes, offered beside the others: `{ id, label }`. */
  declare formats: readonly OwnFormat[] | undefined;
  /** The page lays recordings over each other: two to six may be chosen for that. */
  declare comparable: boolean;
  declare protected opened: Opened | undefined;
  /** Chosen for a comparison; undefined: nobody is choosing. */
  declare protected picked: readonly string[] | undefined;
  declare protected said: string;
  declare protected panel: boolean;
  declare protected all: boolean;

  #draft: Draft | undefined;
  #shown: readonly CaptureMeta[] = [];
  #items: readonly WindowItem[] = [];
  /** What cannot be said to be looked for before it was looked into. */
  #undecided: readonly string[] = [];
  #seen: ReadonlySet<string> = new Set();
  #focusId: string | undefined;
  #hadFocus = false;
  readonly #glances = new Glances({
    load: (id, signal) => this.client.recording(id, signal),
    maker: async () => (await import('./glance.ts')).glanceOf,
    onNews: () => this.requestUpdate(),
  });
  readonly #window = new RowWindow(this, {
    box: () => this.renderRoot.querySelector<HTMLElement>('.rows:not(.trash)') ?? undefined,
    items: () => this.#items,
    onSeen: (ids) => {
      this.#seen = ids;
      this.#wantGlances();
    },
    onWidth: (px) => {
      this.panel = px <= PANEL_PX && !this.hasAttribute('side');
    },
  });
  readonly #store = new ListStore(this, {
    api: () => this.client,
    onDone: (done) => this.#onDone(done),
  });

  constructor() {
    super();
    this.comparable = false;
    this.said = '';
    this.search = '';
    this.order = 'newest';
    this.panel = false;
    this.all = false;
  }

  /** Reads the list again. */
  again(): void {
    this.#store.again();
  }

  /** Puts the focus where one types what to look for. */
  focusSearch(): void {
    this.renderRoot.querySelector<HTMLElement>('input[type=search]')?.focus();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#glances.want([]);
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (changed.has('api') || changed.has('host') || changed.has('token')) {
      this.opened = undefined;
      this.#glances.forget();
      this.#store.forget();
    }
    if (changed.has('recordings')) this.#store.settle();
    this.#store.ask(this.recordings === undefined && this.isConnected);
    this.#choose();
    this.#hadFocus = this.#rows?.contains(this.#focused) === true;
  }

  protected override updated(changed: PropertyValues): void {
    // The safe answer gets the focus: Enter twice in a row must not delete.
    if (changed.has('opened') && this.opened !== undefined) {
      const first = { acts: '.open button', edit: '.open input', sure: '.keep' }[this.opened.what];
      this.renderRoot.querySelector<HTMLElement>(`.rows ${first}`)?.focus();
    }
    // The row that had the focus was scrolled away or is gone: the keys go on working.
    if (this.#hadFocus && this.#focused === null) this.#rows?.focus({ preventScroll: true });
    if (changed.has('selected') && this.selected !== undefined) {
      this.#window.reveal(this.#shown.findIndex(({ id }) => id === this.selected));
    }
    this.#wantGlances();
  }

  protected override render(): TemplateResult {
    const t = words[this.language];
    const { trashed } = this.#store;
    return html`<div class="frame"><section class="card" part="card" aria-label=${t.heading} @keydown=${this.#onKey}>
      ${
        trashed === undefined
          ? this.#renderRecordings()
          : renderTrash(
              {
                ...{ trashed, busy: this.#store.busy, asked: this.opened?.id },
                canEnd: this.client.deleteForever !== undefined,
                problem: this.#renderProblem(),
                onBack: this.#closeTrash,
                onRestore: (id) => void this.#store.takeBack(id),
                onAsk: (id) => this.#open(id === undefined ? undefined : { id, what: 'sure' }),
                onEnd: (id) => void this.#store.removeForever(id),
              },
              this.format,
            )
      }
      <p class="vh" role="status">${this.said}</p>
    </section></div>`;
  }

  #renderRecordings(): TemplateResult {
    const list = this.#list;
    return html`${this.#renderHead(list)}
      ${this.#renderProblem()}
      ${this.#store.gone === undefined ? nothing : this.#renderUndo(this.#store.gone)}
      ${this.#renderList(list)}${this.#renderLooking()}
      ${this.#renderFoot(list)}`;
  }

  #renderHead(list: readonly CaptureMeta[] | undefined): TemplateResult {
    return renderHead(
      {
        ...{ all: list?.length, shown: this.#shown.length, picked: this.picked?.length },
        ...{ search: this.search, order: this.order, comparable: this.comparable },
        onSearch: (search) => this.#look(search),
        onOrder: (order) => {
          this.order = order;
          this.#rows?.scrollTo({ top: 0 });
        },
        onPick: (isOn) => this.#pick(isOn ? [] : undefined),
        onCompare: this.#compare,
      },
      this.format,
    );
  }

  #renderList(list: readonly CaptureMeta[] | undefined): unknown {
    const t = words[this.language];
    if (list === undefined) {
      return this.#store.failure === undefined
        ? html`<p class="say note">${loading[this.language].reading}</p>`
        : nothing;
    }
    if (list.length === 0) return html`<p class="say note">${t.none}</p>`;
    if (this.#shown.length === 0) return html`<p class="say note">${t.noneFound}</p>`;
    const { first, last } = this.#window.slice();
    const rows = this.#shown.slice(first, Math.min(last, this.#items.length));
    const stop = this.#stopOf(rows);
    return html`<ul class="rows" tabindex="-1" aria-label=${t.heading} aria-description=${t.keys} @focusin=${this.#onFocusIn}>${repeat(
      rows,
      keyOf,
      (meta, i) => this.#renderRow(meta, first + i, meta.id === stop),
    )}</ul>`;
  }

  #renderFoot(list: readonly CaptureMeta[] | undefined): unknown {
    const t = words[this.language];
    const isMore = this.#shown.length > this.#items.length;
    const hasTrash = this.client.trash !== undefined && list !== undefined;
    if (!isMore && !hasTrash) return nothing;
    return html`<div class="foot">${
      isMore
        ? html`<button class="btn ghost" @click=${this.#showAll}>${t.showAll(this.format.count(this.#shown.length))}</button>`
        : nothing
    }${
      hasTrash
        ? html`<button class="btn ghost" ?disabled=${this.#store.busy} @click=${this.#openTrash}>${t.trash}</button>`
        : nothing
    }</div>`;
  }

  #renderRow(meta: CaptureMeta, at: number, isStop: boolean): TemplateResult {
    const t = words[this.language];
    const { id } = meta;
    const on = id === this.selected;
    const what = nameOf(meta, this.format);
    const opened = this.opened?.id === id && id !== '' ? this.opened : undefined;
    const picks = this.picked !== undefined && meta.damaged === undefined;
    const classes = `row ${on ? 'on' : ''} ${picks ? 'picking' : ''} ${opened === undefined ? '' : 'opened'}`;
    const glance = this.#glances.get(id);
    const verdict = this.#verdictOf(id);
    const tab = isStop ? '0' : '-1';
    const main = picks
      ? html`<label class="pick"><input class="go" type="checkbox" tabindex=${tab} aria-label=${t.pickOf(what)} .checked=${this.picked?.includes(id) === true}
          ?disabled=${this.picked?.includes(id) !== true && (this.picked?.length ?? 0) >= MOST_PICKED} @change=${() => this.#toggle(id)} /></label>`
      : meta.damaged === undefined
        ? html`<button class="view go" tabindex=${tab} aria-label=${t.viewOf(what)} @click=${() => this.#view(id)}></button>`
        : nothing;
    const isLone = meta.damaged !== undefined;
    return html`<li class=${classes} part="row" data-id=${id} aria-current=${on ? 'true' : nothing} aria-posinset=${at + 1} aria-setsize=${this.#shown.length}>
      ${main}${rowLines({ meta, glance, verdict }, this.format, this.#onTag)}${
        id === '' || picks
          ? nothing
          : html`<button class="btn ghost icon more ${isLone ? 'go' : ''}" tabindex=${isLone ? tab : '-1'} aria-expanded=${opened !== undefined} aria-label=${t.moreOf(what)}
              @click=${() => this.#open(opened === undefined ? { id, what: 'acts' } : undefined)}>⋯</button>`
      }${opened === undefined ? nothing : this.#renderOpened(meta, opened.what, what)}
    </li>`;
  }

  #renderOpened(meta: CaptureMeta, which: Opening, what: string): TemplateResult {
    return renderOpened(
      {
        ...{ meta, which, what, own: this.formats ?? [], draft: this.#draft },
        ...{ api: this.client, store: this.#store },
        onOpen: (next) => this.#open({ id: meta.id, what: next }),
        onDraft: (draft) => {
          this.#draft = draft;
        },
        onOwn: (format) => this.dispatchEvent(new PfRecordingExport(meta.id, format)),
      },
      this.format,
    );
  }

  #renderProblem(): unknown {
    const { failure } = this.#store;
    if (failure === undefined) return nothing;
    return html`<div class="say">${failureNote(failure, this.format)}</div>`;
  }

  #renderUndo(id: string): TemplateResult {
    const t = words[this.language];
    return html`<div class="say undo"><p class="s">${t.deleted}</p><button class="btn" ?disabled=${this.#store.busy}
      @click=${() => void this.#store.takeBack(id)}>${t.undo}</button></div>`;
  }

  #renderLooking(): unknown {
    if (this.#undecided.length === 0) return nothing;
    const f = this.format;
    const all = this.#list?.length ?? 0;
    return html`<p class="say note">${words[this.language].looking(f.count(all - this.#undecided.length), f.count(all))}</p>`;
  }

  get #list(): readonly CaptureMeta[] | undefined {
    return this.recordings ?? this.#store.held;
  }

  get #rows(): HTMLElement | null {
    return this.renderRoot.querySelector<HTMLElement>('ul.rows');
  }

  get #focused(): Element | null {
    return this.shadowRoot?.activeElement ?? null;
  }

  /** What is looked for, in its order. */
  #choose(): void {
    const { shown, undecided } = choose({
      ...{ search: this.search, order: this.order, language: this.language },
      list: (this.#list ?? []).map((meta) => this.#store.current(meta)),
      nameOf: (meta) => nameOf(meta, this.format),
      told: (id) => this.#toldOf(id),
      isSettled: (meta) => !canGlance(meta) || this.#glances.isSettled(meta.id),
    });
    this.#undecided = undecided;
    this.#shown = shown;
    const most = this.panel && !this.all ? PANEL_ROWS : shown.length;
    this.#items = shown.slice(0, most).map((meta) => ({ id: meta.id, shape: shapeOf(meta) }));
  }

  #toldOf(id: string): Told | undefined {
    const glance = this.#glances.get(id);
    const verdict = this.#verdictOf(id);
    if (glance === undefined || verdict === undefined) return undefined;
    return { verdict: verdictNames(verdict), apps: glance.apps };
  }

  #verdictOf(id: string): RowVerdict | undefined {
    return this.verdicts?.get(id) ?? this.#glances.get(id)?.verdict;
  }

  #wantGlances(): void {
    if (!this.isConnected || this.#store.trashed !== undefined) return;
    const seen = this.#items.filter(({ id }) => this.#seen.has(id)).map(({ id }) => id);
    const wanted = new Set([...seen, ...this.#undecided]);
    const able = (this.#list ?? []).filter((meta) => wanted.has(meta.id) && canGlance(meta));
    this.#glances.want(able.map(({ id }) => id));
  }

  /** The one row that Tab comes to. */
  #stopOf(rows: readonly CaptureMeta[]): string | undefined {
    const there = (id: string | undefined): boolean => rows.some((meta) => meta.id === id);
    if (there(this.#focusId)) return this.#focusId;
    return there(this.selected) ? this.selected : rows[0]?.id;
  }

  #view(id: string): void {
    this.selected = id;
    this.dispatchEvent(new PfRecordingSelect(id));
  }

  #open(opened: Opened | undefined): void {
    this.#store.failure = undefined;
    this.#draft = undefined;
    const closed = opened === undefined ? this.opened?.id : undefined;
    this.opened = opened;
    if (closed !== undefined) void this.#focusRow(closed, '.more');
  }

  #pick(picked: readonly string[] | undefined): void {
    this.picked = picked;
    this.opened = undefined;
    if (picked !== undefined) this.said = words[this.language].pickSome;
  }

  #toggle(id: string): void {
    const picked = this.picked ?? [];
    this.picked = picked.includes(id) ? picked.filter((one) => one !== id) : [...picked, id];
  }

  readonly #showAll = (): void => {
    this.all = true;
    const next = this.#shown[this.#items.length];
    if (next !== undefined) void this.updateComplete.then(() => this.#focusRow(next.id, '.go'));
  };

  readonly #compare = (): void => {
    const ids = this.picked ?? [];
    if (ids.length < 2) return;
    this.picked = undefined;
    this.dispatchEvent(new PfRecordingsCompare(ids));
  };

  readonly #onTag = (tag: string): void => {
    const term = quoted('tag', tag);
    this.#look(this.search.includes(term) ? this.search : `${this.search} ${term}`.trim());
    this.focusSearch();
  };

  #look(search: string): void {
    this.search = search;
    this.#rows?.scrollTo({ top: 0 });
    void this.updateComplete.then(() => {
      const n = this.#shown.length;
      this.said = words[this.language].found(this.format.count(n), n === 1);
    });
  }

  readonly #onFocusIn = (event: Event): void => {
    const row = event.target instanceof Element ? event.target.closest<HTMLElement>('li') : null;
    const id = row?.dataset['id'];
    if (id === undefined || id === this.#focusId) return;
    this.#focusId = id;
    this.requestUpdate();
  };

  readonly #onKey = (event: KeyboardEvent): void => {
    const { key, target } = event;
    if (event.altKey || event.ctrlKey || event.metaKey || !(target instanceof HTMLElement)) return;
    const isSearch = target.matches('input[type=search]');
    const first = this.#shown[0];
    if (key === 'Escape') this.#escape(event, isSearch);
    else if (isSearch && key === 'ArrowDown' && first !== undefined) {
      event.preventDefault();
      void this.#focusRow(first.id, '.go');
    } else if (target.matches('input:not([type=checkbox]), textarea, select')) return;
    else if (key === '/' && this.#store.trashed === undefined) {
      event.preventDefault();
      event.stopPropagation();
      this.focusSearch();
    } else this.#onRowKey(event, target);
  };

  /** One step back: what was typed, what is open, the choice. */
  #escape(event: KeyboardEvent, isSearch: boolean): void {
    if (isSearch && this.search !== '') this.#look('');
    else if (this.opened !== undefined) {
      const { id, what } = this.opened;
      const isLast = what === 'acts' || this.#store.trashed !== undefined;
      this.#open(isLast ? undefined : { id, what: 'acts' });
    } else if (this.picked !== undefined) this.#pick(undefined);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** The list is one stop: arrows go through its rows, and to a row's own menu. */
  #onRowKey(event: KeyboardEvent, target: HTMLElement): void {
    const { key } = event;
    if (this.#store.trashed !== undefined || !target.matches('.go, .more, ul.rows')) return;
    const at = this.#shown.findIndex(({ id }) => id === this.#focusId);
    const meta = this.#shown[at];
    if (key === 'Delete' && meta !== undefined && meta.id !== '') {
      this.#open({ id: meta.id, what: 'sure' });
      return;
    }
    const isMenu = target.matches('.more:not(.go)');
    const place = { at, isMenu, rows: this.#items.length, columns: this.#window.columns };
    const step = stepOf(key, place);
    const to = this.#shown[step?.row ?? -1];
    if (step === undefined || to === undefined) return;
    event.preventDefault();
    void this.#focusRow(to.id, step.isMenu ? '.more' : '.go');
  }

  async #focusRow(id: string, part: '.go' | '.more'): Promise<void> {
    this.#focusId = id;
    this.#window.reveal(this.#shown.findIndex((meta) => meta.id === id));
    this.requestUpdate();
    await this.updateComplete;
    const row = this.renderRoot.querySelector(`li[data-id="${CSS.escape(id)}"]`);
    row?.querySelector<HTMLElement>(part)?.focus({ preventScroll: true });
    row?.scrollIntoView({ block: 'nearest' });
  }

  #onDone(done: Done): void {
    const t = words[this.language];
    switch (done.kind) {
      case 'changed':
        this.said = t.saved;
        if (this.opened?.what === 'edit') this.#open({ id: done.recording.id, what: 'acts' });
        this.dispatchEvent(new PfRecordingChanged(done.recording));
        break;
      case 'restored':
        this.said = t.restored;
        this.dispatchEvent(new PfRecordingRestored(done.recording));
        break;
      case 'deletedForever':
        this.said = t.foreverDone;
        this.opened = undefined;
        break;
      case 'deleted':
        this.said = t.deleted;
        this.#afterDelete(done.id);
    }
  }

  #afterDelete(id: string): void {
    const at = this.#shown.findIndex((meta) => meta.id === id);
    const next = this.#shown[at + 1] ?? this.#shown[at - 1];
    this.opened = undefined;
    this.picked = this.picked?.filter((one) => one !== id);
    if (this.selected === id) this.selected = undefined;
    this.dispatchEvent(new PfRecordingDeleted(id));
    if (next !== undefined) void this.#focusRow(next.id, '.go');
  }

  readonly #openTrash = async (): Promise<void> => {
    this.opened = undefined;
    await this.#store.openTrash();
    await this.updateComplete;
    this.renderRoot.querySelector<HTMLElement>('.back')?.focus();
  };

  readonly #closeTrash = (): void => {
    this.opened = undefined;
    this.#store.closeTrash();
    void this.updateComplete.then(() => this.focusSearch());
  };
}

define('pf-recordings-list', PfRecordingsList);

declare global {
  interface HTMLElementTagNameMap {
    'pf-recordings-list': PfRecordingsList;
  }
}

/** Files that cannot be read may have no id. */
function keyOf({ id, damaged }: CaptureMeta): string {
  return id === '' ? (damaged?.file ?? '') : id;
}

/** A recording of 16 sessions over hours is a hundred megabytes of windows: no line in a row is worth that. */
function canGlance({ id, damaged, sample_count }: CaptureMeta): boolean {
  return id !== '' && damaged === undefined && sample_count > 0 && sample_count <= MOST_WINDOWS;
}

/** As many as <pf-compare> keeps apart by their strokes. */
const MOST_PICKED = 6;
const MOST_WINDOWS = 20_000;
const PANEL_PX = 340;
const PANEL_ROWS = 3;
