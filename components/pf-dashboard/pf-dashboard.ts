// <pf-dashboard>: the page. Hands what is known of the host to the elements it is made of, and decides what is looked at:
// a room, and in the first one a chosen recording, else the live capture, else the newest recording. Devices that want
// to be paired stand on top of every room. What the token may not see is left out with a sentence.
import {
  html,
  nothing,
  type PropertyDeclarations,
  type PropertyValues,
  type TemplateResult,
} from 'lit';
import { cache } from 'lit/directives/cache.js';
import type { SessionInfo } from '../../contract/host.ts';
import type { CaptureMeta, StatsStatus } from '../../contract/stats.ts';
import { define } from '../base/element.ts';
import {
  type PfBrush,
  type PfCaptureChange,
  type PfKeysAsk,
  PfPreference,
  type PfRecordingDeleted,
  type PfRecordingExport,
  PfRecordingSelect,
  type PfRecordingsCompare,
  PfToken,
} from '../base/events.ts';
import { fieldStyles } from '../base/field-styles.ts';
import { codecName } from '../base/format.ts';
import { dateOf } from '../base/format-dates.ts';
import { PfRecordingLook, PfRoom } from '../base/host-events.ts';
import { rightsNote } from '../base/rights.ts';
import { isCharacter, isTyping, silence } from '../base/single-keys.ts';
import { failureNote } from '../base/states.ts';
import { StatsElement } from '../base/stats-element.ts';
import { controls } from '../base/styles.ts';
import { tokens } from '../base/tokens.ts';
import type { Range } from '../chart/grid.ts';
import '../pf-black-box/pf-black-box.ts';
import '../pf-capture-control/pf-capture-control.ts';
import '../pf-first-run/pf-first-run.ts';
import '../pf-pairing/pf-pairing.ts';
import '../pf-recordings-list/pf-recordings-list.ts';
import { HostState } from './host-state.ts';
import { hasBegun, hasHostParts, hostPartsCame, knowsClients, knowsHost } from './known.ts';
import { fetchCompare, fetchDetail, fetchHostRoom, fetchLive, fetchTestStream } from './lazy.ts';
import { ListedReport, REPORT } from './listed-report.ts';
import { ROOMS, type Room, roomOf } from './rooms.ts';
import { words } from './strings.ts';
import { dashboardStyles } from './styles.ts';

/**
 * @summary The whole page: performance, test stream and host.
 * @event {PfRecordingSelect} pf-recording-select - What is looked at was chosen; without an id: the live capture.
 * @event {PfRecordingsCompare} pf-recordings-compare - Recordings were chosen for a comparison; without ids: it was closed.
 * @event {PfRecordingDeleted} pf-recording-deleted - A recording was deleted.
 * @event {PfRecordingRestored} pf-recording-restored - A deleted recording was taken back.
 * @event {PfCaptureChange} pf-capture-change - A capture was started, or stopped and saved.
 * @event {PfRoom} pf-room - Another room was entered.
 * @event {PfGuideDismiss} pf-guide-dismiss - The first steps were put away; the page decides whether it remembers.
 * @event {PfToken} pf-token - A token was typed in; the page decides whether it is kept.
 * @event {PfPreference} pf-preference - Language, theme or keys of one character were switched.
 * @csspart top - The head of the page.
 */
export class PfDashboard extends StatsElement {
  static override properties: PropertyDeclarations = {
    ...StatsElement.properties,
    selected: { type: String },
    compared: { attribute: false },
    range: { attribute: false },
    room: { type: String },
    guide: { type: String },
    keys: { type: String },
    wide: { state: true },
  };
  static override styles = [tokens, controls, fieldStyles, dashboardStyles];

  /** Id of the recording looked at; undefined: the live capture, else the newest recording. */
  declare selected: string | undefined;
  /** Ids of recordings laid over each other instead; undefined, or fewer than two: none are. */
  declare compared: readonly string[] | undefined;
  /** Chosen part of what is looked at. */
  declare range: Range | undefined;
  /** `performance`, `test` or `host`. */
  declare room: string | undefined;
  /** `off`: the first steps were put away on this host. */
  declare guide: string | undefined;
  /** `off`: keys of one character do nothing. */
  declare keys: string | undefined;
  /** Two columns: the narrow one is a side column and no panel. */
  declare protected wide: boolean;

  readonly #state = new HostState(this, () => this.client);
  readonly #report = new ListedReport(this);
  readonly #resize = new ResizeObserver(() => this.#measure());
  /** Characters are silenced on their way down: what lies inside never hears of them. */
  readonly #silence = {
    capture: true,
    handleEvent: (event: KeyboardEvent): void => silence(event, this.keys),
  };
  /** Nothing was recorded yet when the page came: the first steps stay until their end, or until put away. */
  #guideBegun = false;

  constructor() {
    super();
    this.wide = false;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#resize.observe(this);
    this.#measure();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#resize.disconnect();
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (changed.has('api') || changed.has('host') || changed.has('token')) this.#guideBegun = false;
    if (this.#state.recordings?.length === 0) this.#guideBegun = true;
  }

  protected override firstUpdated(): void {
    // What will be looked at comes while the host is asked, behind what is painted first.
    if (this.selected === undefined || this.selected === '') return;
    requestAnimationFrame(() => setTimeout(fetchDetail));
  }

  protected override render(): TemplateResult {
    const t = words[this.language];
    const kind = this.#state.failure?.kind;
    const locked = kind === 'token-missing' || kind === 'token-wrong';
    const room = roomOf(this.room);
    return html`<div class="frame" @keydown=${this.#silence}><div @keydown=${this.#onKey}>
      <header class="top" part="top">
        <a class="skip btn" href="#main" @click=${this.#skip}>${{ performance: t.skip, test: t.skipToTest, host: t.skipToHost }[room]}</a>
        <span class="brand"><svg width="20" height="20" viewBox="0 0 20 20" aria-hidden="true"><circle cx="6" cy="14" r="3.5"></circle
          ><path d="M6 6.5A7.5 7.5 0 0 1 13.5 14M6 2A12 12 0 0 1 18 14"></path></svg><span>punktfunk</span></span>
        ${this.#renderHost()}<span class="grow"></span>${locked ? nothing : this.#renderNav(room)}${this.#renderSwitches()}
      </header>
      ${locked ? this.#renderToken() : html`${this.#renderPairing(room)}${cache(this.#renderRoom(room))}`}
      </div>${this.#report.render(this.client, this.format, (id) => this.#entryOf(id), this.theme)}
      <pf-keys lang=${this.language} theme=${this.theme ?? nothing} .keys=${this.keys} @pf-preference=${this.#onKeys}></pf-keys>
    </div>`;
  }

  #renderHost(): TemplateResult {
    const t = words[this.language];
    const { failure, status, info, sessions } = this.#state;
    const on = failure === undefined && (status !== undefined || info !== undefined);
    const session = sessions?.find((s) => s.state === 'streaming');
    const state = on ? t.answers : t.silent;
    return html`<span class="host"><span class="dot ${on ? 'on' : ''}" role="img" aria-label=${state}></span
      ><b>${info?.name || hostOf(this.host)}</b>${
        session === undefined
          ? nothing
          : html`<span class="line">${this.#streaming(session)}</span>`
      }</span>`;
  }

  #streaming(session: SessionInfo): string {
    const t = words[this.language];
    const { codec } = session;
    const known =
      codec === 'h264' || codec === 'hevc' || codec === 'av1' ? codecName(codec) : codec;
    const to = session.client === '' ? t.streaming : t.streamingTo(session.client);
    return [to, `${session.height}p${session.fps}`, known].filter((x) => x !== '').join(' · ');
  }

  #renderNav(room: Room): TemplateResult {
    const t = words[this.language];
    return html`<nav aria-label=${t.rooms}>${ROOMS.map(
      (one) =>
        html`<button aria-current=${one === room ? 'page' : nothing} @click=${() => this.#enter(one)}>${t[one]}</button>`,
    )}</nav>`;
  }

  #renderSwitches(): TemplateResult {
    const t = words[this.language];
    return html`<span class="switches">
      <button class="btn icon" lang=${this.language === 'de' ? 'en' : 'de'} aria-label=${`${t.otherLanguageShort}, ${t.otherLanguage}`} title=${t.otherLanguage} @click=${this.#onLanguage}>
        ${t.otherLanguageShort}
      </button>
      <button class="btn icon" aria-label=${t.theme} title=${t.theme} @click=${this.#onTheme}><svg width="14" height="14" viewBox="0 0 14 14" aria-hidden="true"
        ><circle cx="7" cy="7" r="5.5" fill="none" stroke="currentColor" stroke-width="1.5"></circle><path d="M7 1.5a5.5 5.5 0 0 1 0 11z" fill="currentColor"></path></svg></button>
    </span>`;
  }

  #renderToken(): TemplateResult {
    const t = words[this.language];
    const wrong = this.#state.failure?.kind === 'token-wrong';
    return html`<main id="main" tabindex="-1"><section class="card ask">
      <h1 aria-live="polite">${wrong ? t.tokenWrong : t.tokenMissing}</h1>
      <p class="t2">${t.tokenWhere} <code>punktfunk-host token</code>.</p>
      <form @submit=${this.#onToken}>
        <label class="field">${t.token}<input name="token" type="password" required autocomplete="off" spellcheck="false" /></label>
        <button class="btn primary">${t.useToken}</button>
      </form>
    </section></main>`;
  }

  /** On top of every room; outside the host's own only when a device waits. */
  #renderPairing(room: Room): unknown {
    const { pairing, info } = this.#state;
    const refused = this.#state.refusal('pairing') !== undefined;
    const inHost = room === 'host' && this.#state.refusal('info') === undefined;
    if (pairing === undefined && !(refused && inHost)) return nothing;
    if (inHost && !knowsHost(this.#state)) return nothing;
    return html`<pf-pairing quiet ?brief=${!inHost} lang=${this.language} theme=${this.theme ?? nothing} .api=${this.client} .pairing=${pairing} .refusal=${this.#state.refusal('pairing')} .info=${info}
      @pf-pairing-change=${this.#onLists}></pf-pairing>`;
  }

  #renderRoom(room: Room): TemplateResult {
    if (room === 'host') return this.#renderHostRoom();
    return room === 'test' ? this.#renderTestRoom() : this.#renderPerformance();
  }

  #renderPerformance(): TemplateResult {
    const t = words[this.language];
    const refused = this.#state.refusal('status');
    if (refused !== undefined) {
      return html`<div class="grid one"><main id="main" tabindex="-1" aria-label=${t.performance}>
        <section class="card banner"><h1 class="vh">${t.performance}</h1>${rightsNote(refused, 'stats', this.format)}</section>
      </main></div>`;
    }
    if (!hasBegun(this.#state)) return this.#renderReading(t.performance);
    const lang = this.language;
    const theme = this.theme ?? nothing;
    const api = this.client;
    const watching = this.#shown;
    const { status, sessions, recordings } = this.#state;
    const isListed = recordings !== undefined && (watching !== undefined || !this.#isGuideOpen);
    return html`<div class="grid">
      <aside class="side" aria-label=${t.controls}>
        <pf-capture-control ?side=${this.wide} lang=${lang} theme=${theme} .api=${api} .status=${status} .sessions=${sessions}
          ?watch=${watching !== undefined} @pf-capture-change=${this.#onCapture} @pf-recording-select=${this.#onSelect}></pf-capture-control>
        <pf-black-box ?side=${this.wide} ?hidden=${status?.black_box === undefined && status?.last_run === undefined} lang=${lang} theme=${theme} .api=${api} .status=${status ?? NOTHING_KNOWN}
          @pf-capture-change=${this.#onCapture} @pf-recording-select=${this.#onSelect}></pf-black-box>
        <pf-recordings-list comparable ?side=${this.wide} lang=${lang} theme=${theme} .api=${api} .recordings=${recordings ?? []} .selected=${watching}
          .formats=${this.#report.formats(api, this.format)} @pf-recording-export=${this.#onExport} ?hidden=${!isListed} @pf-recording-select=${this.#onSelect} @pf-recording-deleted=${this.#onDeleted} @pf-recording-restored=${this.#onRestored} @pf-recording-changed=${this.#onRestored}
          @pf-recordings-compare=${this.#onCompare}></pf-recordings-list>
      </aside>
      <main id="main" tabindex="-1" aria-label=${t.performance}>
        ${this.#renderBanner()}${this.#renderMain(watching)}
      </main>
    </div>`;
  }

  #renderReading(label: string): TemplateResult {
    return html`<div class="grid one"><main id="main" tabindex="-1" aria-label=${label}>
      <section class="card late"><h1 class="empty">${words[this.language].reading}</h1></section>
    </main></div>`;
  }

  #renderBanner(): unknown {
    const { status } = this.#state;
    const failure = this.#state.failure ?? this.#report.failure;
    if (failure !== undefined) {
      return html`<section class="card banner">${failureNote(failure, this.format)}</section>`;
    }
    if (status?.fault === undefined) return nothing;
    const said = words[this.language].fault(status.fault);
    return html`<section class="card banner"><p class="note warn" role="status">${said}</p></section>`;
  }

  #renderMain(watching: string | undefined): unknown {
    const t = words[this.language];
    const { compared = [] } = this;
    if (compared.length > 1) {
      fetchCompare();
      return html`<pf-compare closable lang=${this.language} theme=${this.theme ?? nothing} .api=${this.client} .recordingIds=${compared} .entries=${this.#state.recordings}
        .brush=${this.range} @pf-brush=${this.#onBrush} @pf-recordings-compare=${this.#onCompare}></pf-compare>`;
    }
    const { failure, recordings, status } = this.#state;
    const armed = status?.armed === true;
    const isLive = armed || this.#state.wasCut;
    if (watching === undefined && isLive && !this.#isGuideOpen) {
      fetchLive();
      return html`${this.#renderGuide()}<pf-live quiet lang=${this.language} theme=${this.theme ?? nothing} .api=${this.client} .keys=${this.keys} @pf-brush=${stop} @pf-recording-select=${this.#onSelect}
        @pf-keys-ask=${this.#onKeysAsk}></pf-live>`;
    }
    if (watching === undefined) {
      if (failure !== undefined && recordings === undefined) return nothing;
      const isReading = recordings === undefined || isLive;
      return html`<section class="card ${isReading ? 'late' : ''}"><h1 class="empty">${isReading ? t.reading : t.none}</h1></section>${this.#renderGuide()}`;
    }
    fetchDetail();
    return html`${this.#renderGuide()}<pf-recording-detail quiet lang=${this.language} theme=${this.theme ?? nothing} .api=${this.client} .recordingId=${watching} .entry=${this.#entryOf(watching)} .brush=${this.range} .keys=${this.keys}
      @pf-brush=${this.#onBrush} @pf-keys-ask=${this.#onKeysAsk}></pf-recording-detail>`;
  }

  get #detail() {
    const live = this.renderRoot.querySelector('pf-live');
    return live ?? this.renderRoot.querySelector('pf-recording-detail');
  }

  get #list() {
    return this.renderRoot.querySelector('pf-recordings-list');
  }

  /** A key pressed where nothing has the focus: a page that is nothing but this element hands it on. */
  pressed(event: KeyboardEvent): void {
    if (this.keys === 'off') return;
    this.#onKey(event);
    this.#detail?.pressed?.(event);
  }

  readonly #onKey = (event: KeyboardEvent): void => {
    if (event.defaultPrevented || isTyping(event) || !isCharacter(event)) return;
    if (event.key === '?') this.#showKeys();
    else if (event.key === '/' && this.#list?.hidden === false) this.#list.focusSearch();
    else return;
    event.preventDefault();
  };

  readonly #onKeysAsk = (event: PfKeysAsk): void => {
    event.preventDefault();
    this.#showKeys();
  };

  /** The window comes with the first view of a recording; before that with the first who asks. */
  #showKeys(): void {
    fetchDetail();
    void customElements.whenDefined('pf-keys').then(() => {
      const keys = this.renderRoot.querySelector('pf-keys');
      if (keys === null) return;
      const list = this.#list?.hidden === false ? (['list'] as const) : [];
      const isLive = this.renderRoot.querySelector('pf-live') !== null;
      const live = isLive ? (['live', 'timeline', 'events'] as const) : [];
      keys.shows =
        this.#detail === null ? ['page', ...live, ...list] : [...this.#detail.keyGroups, ...list];
      void keys.open();
    });
  }

  readonly #onKeys = (event: PfPreference): void => {
    this.keys = event.keys ?? this.keys;
  };

  readonly #onExport = (event: PfRecordingExport): void => {
    if (event.format === REPORT) this.#report.show(this.client, event.recordingId);
  };

  /** Whether the first steps will stand there is not known yet. */
  get #isGuideOpen(): boolean {
    const { recordings, failure } = this.#state;
    if (this.guide === 'off' || failure !== undefined) return false;
    return recordings === undefined || (this.#guideBegun && !knowsClients(this.#state));
  }

  #renderGuide(): unknown {
    const { status, recordings, clients } = this.#state;
    if (!this.#guideBegun || this.guide === 'off' || !knowsClients(this.#state)) return nothing;
    return html`<pf-first-run lang=${this.language} theme=${this.theme ?? nothing} .known=${{ status, recordings, clients }}
      @pf-guide-dismiss=${this.#onGuideDismiss} @pf-room=${this.#onRoom}></pf-first-run>`;
  }

  #renderTestRoom(): TemplateResult {
    const t = words[this.language];
    const refused = this.#state.refusal('info');
    if (refused === undefined) fetchTestStream();
    return html`<main id="main" tabindex="-1" class="rooms" aria-label=${t.test}><h1 class="vh">${t.test}</h1>
      ${this.#renderBanner()}${
        refused === undefined
          ? html`<pf-test-stream quiet kind="faults" lang=${this.language} theme=${this.theme ?? nothing} .api=${this.client}
            @pf-capture-change=${this.#onCapture} @pf-recording-select=${this.#onLook}></pf-test-stream>`
          : html`<section class="card banner">${rightsNote(refused, 'host:read', this.format)}</section>`
      }</main>`;
  }

  #renderHostRoom(): TemplateResult {
    const t = words[this.language];
    const refused = this.#state.refusal('info');
    if (refused !== undefined) {
      return html`<div class="grid one"><main id="main" tabindex="-1" aria-label=${t.host}>
        <section class="card banner"><h1 class="vh">${t.host}</h1>${rightsNote(refused, 'host:read', this.format)}</section>
      </main></div>`;
    }
    fetchHostRoom();
    if (!hasHostParts()) void hostPartsCame().then(() => this.requestUpdate());
    if (!knowsHost(this.#state)) return this.#renderReading(t.host);
    const lang = this.language;
    const theme = this.theme ?? nothing;
    const api = this.client;
    const { sessions, clients, hostStatus, info, recordings } = this.#state;
    return html`<main id="main" tabindex="-1" class="rooms" aria-label=${t.host}>
      <div class="hosthead"><h1>${info?.name || hostOf(this.host)}</h1><p class="meta">${this.#hostFacts().map((fact) => html`<span>${fact}</span>`)}</p></div>
      ${this.#renderBanner()}
      <div class="both">
        <div class="lists">${
          sessions === undefined && this.#state.refusal('sessions') === undefined
            ? nothing
            : html`<pf-sessions quiet lang=${lang} theme=${theme} .api=${api} .sessions=${sessions} .status=${hostStatus} @pf-session-end=${this.#onLists}></pf-sessions>`
        }${
          knowsClients(this.#state)
            ? html`<pf-clients quiet lang=${lang} theme=${theme} .api=${api} .clients=${clients} .refusal=${this.#state.refusal('clients')} @pf-client-change=${this.#onLists}></pf-clients>`
            : nothing
        }</div>
        <div class="lists"><pf-tokens quiet ?side=${this.wide} lang=${lang} theme=${theme} .api=${api}></pf-tokens>${
          recordings === undefined
            ? nothing
            : html`<pf-retention quiet ?side=${this.wide} lang=${lang} theme=${theme} .api=${api} .recordings=${recordings} .info=${info}></pf-retention>`
        }</div>
      </div>
    </main>`;
  }

  #hostFacts(): readonly string[] {
    const t = words[this.language];
    const { info, hostStatus } = this.#state;
    if (info === undefined) return [];
    return [
      `punktfunk-host ${info.version}`,
      ...(info.started_unix_ms === 0 ? [] : [t.up(dateOf(this.format, info.started_unix_ms))]),
      t.port(String(info.gamestream_port)),
      ...(hostStatus === undefined ? [] : [hostStatus.state === 'busy' ? t.busy : t.free]),
    ];
  }

  /** What the list says of a recording: its name lies beside the file. */
  #entryOf(id: string | undefined): CaptureMeta | undefined {
    return id === undefined ? undefined : this.#state.recordings?.find((meta) => meta.id === id);
  }

  /** Id of the recording in view; undefined: the live capture, or nothing. */
  get shown(): string | undefined {
    return this.#shown;
  }

  get #shown(): string | undefined {
    if (this.selected !== undefined && this.selected !== '') return this.selected;
    const { status, wasCut } = this.#state;
    return status?.armed === true || wasCut ? undefined : this.#newest?.id;
  }

  /** A file that cannot be read has nothing to show. */
  get #newest(): CaptureMeta | undefined {
    return this.#state.recordings?.find(({ damaged }) => damaged === undefined);
  }

  readonly #onCapture = (event: PfCaptureChange): void => {
    const state = this.#state;
    if (event.status !== undefined) state.status = event.status;
    if (event.recording !== undefined) {
      // A recording just saved is what its maker wants to see.
      const saved = event.recording;
      state.recordings = [saved, ...(state.recordings ?? []).filter((m) => m.id !== saved.id)];
      this.#look(saved.id);
    } else if (event.status?.armed === true) {
      this.#look(undefined);
    }
    state.refresh();
    this.requestUpdate();
  };

  readonly #onSelect = (event: PfRecordingSelect): void => {
    this.selected = event.recordingId;
    this.compared = undefined;
    this.range = undefined;
  };

  readonly #onCompare = (event: PfRecordingsCompare): void => {
    this.compared = event.ids.length > 1 ? event.ids : undefined;
    this.range = undefined;
    // What was pressed may be far below what it changed, or gone.
    this.renderRoot.querySelector<HTMLElement>('#main')?.focus();
  };

  /** Out of another room: what is looked at lies in the first. */
  readonly #onLook = (event: PfRecordingSelect): void => {
    this.selected = event.recordingId;
    this.compared = undefined;
    this.range = event instanceof PfRecordingLook ? event.range : undefined;
    this.room = undefined;
    void this.updateComplete.then(() =>
      this.renderRoot.querySelector<HTMLElement>('#main')?.focus(),
    );
  };

  readonly #onBrush = (event: PfBrush): void => {
    this.range = event.range;
  };

  readonly #onDeleted = (event: PfRecordingDeleted): void => {
    this.#state.recordings = this.#state.recordings?.filter((m) => m.id !== event.recordingId);
    if (this.selected === event.recordingId) this.#look(undefined);
    this.requestUpdate();
  };

  /** Restored, renamed or tagged: the list is read anew. */
  readonly #onRestored = (): void => this.#state.refresh();

  readonly #onLists = (): void => this.#state.refreshLists();

  readonly #onRoom = (event: PfRoom): void => {
    this.room = event.room;
  };

  readonly #onGuideDismiss = (): void => {
    this.guide = 'off';
    // The button that had the focus is gone.
    this.renderRoot.querySelector<HTMLElement>('#main')?.focus();
  };

  #enter(room: Room): void {
    if (roomOf(this.room) === room) return;
    this.room = room;
    this.dispatchEvent(new PfRoom(room));
  }

  /** What is looked at changed by an act of the user's: told to the page, which keeps the address. */
  #look(id: string | undefined): void {
    this.selected = id;
    this.compared = undefined;
    this.range = undefined;
    this.dispatchEvent(new PfRecordingSelect(id));
  }

  #measure(): void {
    this.wide = this.clientWidth > ONE_COLUMN_PX;
  }

  readonly #onLanguage = (): void => {
    this.lang = this.language === 'de' ? 'en' : 'de';
    this.#prefer();
  };

  readonly #onTheme = (): void => {
    const dark = getComputedStyle(this).colorScheme === 'dark';
    const follows = this.theme === undefined && matchMedia('(prefers-color-scheme: dark)').matches;
    this.theme = dark || follows ? 'light' : 'dark';
    this.#prefer();
  };

  #prefer(): void {
    this.dispatchEvent(new PfPreference({ language: this.language, theme: this.theme ?? '' }));
  }

  readonly #onToken = (event: SubmitEvent): void => {
    event.preventDefault();
    if (!(event.target instanceof HTMLFormElement)) return;
    const token = String(new FormData(event.target).get('token') ?? '').trim();
    if (token === '') return;
    this.token = token;
    this.dispatchEvent(new PfToken(token));
  };

  /** The address belongs to the page: the skip link moves the focus and nothing else. */
  readonly #skip = (event: Event): void => {
    event.preventDefault();
    this.renderRoot.querySelector<HTMLElement>('#main')?.focus();
  };
}

/** The address names parts of recordings; one that is being made has no name yet. */
const stop = (event: Event): void => event.stopPropagation();

function hostOf(host: string | undefined): string {
  if (host === undefined || host === '') return location.host;
  return URL.canParse(host) ? new URL(host).host : host;
}

define('pf-dashboard', PfDashboard);

declare global {
  interface HTMLElementTagNameMap {
    'pf-dashboard': PfDashboard;
  }
}

/** Before the first answer: the page asks, and the element need not. */
const NOTHING_KNOWN: StatsStatus = { armed: false, sample_count: 0, started_unix_ms: 0, kind: '' };
/** As in styles.ts. */
const ONE_COLUMN_PX = 1100;
