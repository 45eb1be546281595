// <pf-dashboard>: the performance page. Asks the host on one beat, hands the answers to the elements it is made of, and
// decides what is looked at: a chosen recording, else the live capture, else the newest recording.
import { Task, TaskStatus } from '@lit-labs/task';
import {
  html,
  nothing,
  type PropertyDeclarations,
  type PropertyValues,
  type TemplateResult,
} from 'lit';
import type { HostInfo, SessionInfo } from '../../contract/host.ts';
import type { CaptureMeta, StatsStatus } from '../../contract/stats.ts';
import { define } from '../base/element.ts';
import {
  type PfCaptureChange,
  PfPreference,
  type PfRecordingDeleted,
  PfRecordingSelect,
  PfToken,
} from '../base/events.ts';
import { fieldStyles } from '../base/field-styles.ts';
import { codecName } from '../base/format.ts';
import { Poller } from '../base/poller.ts';
import { failureNote } from '../base/states.ts';
import { type ApiFailure, asFailure, type StatsApi } from '../base/stats-api.ts';
import { StatsElement } from '../base/stats-element.ts';
import { controls } from '../base/styles.ts';
import { tokens } from '../base/tokens.ts';
import '../pf-capture-control/pf-capture-control.ts';
import '../pf-recording-detail/pf-recording-detail.ts';
import '../pf-recordings-list/pf-recordings-list.ts';
import '../pf-test-stream/pf-test-stream.ts';
import { words } from './strings.ts';
import { dashboardStyles } from './styles.ts';

/**
 * @summary The whole performance page.
 * @event {PfRecordingSelect} pf-recording-select - What is looked at was chosen; without an id: the live capture.
 * @event {PfRecordingDeleted} pf-recording-deleted - A recording was deleted.
 * @event {PfCaptureChange} pf-capture-change - A capture was started, or stopped and saved.
 * @event {PfToken} pf-token - A token was typed in; the page decides whether it is kept.
 * @event {PfPreference} pf-preference - Language or theme was switched.
 * @csspart top - The head of the page.
 */
export class PfDashboard extends StatsElement {
  static override properties: PropertyDeclarations = {
    ...StatsElement.properties,
    selected: { type: String },
    status: { state: true },
    info: { state: true },
    list: { state: true },
    failure: { state: true },
    wide: { state: true },
  };
  static override styles = [tokens, controls, fieldStyles, dashboardStyles];

  /** Id of the recording looked at; undefined: the live capture, else the newest recording. */
  declare selected: string | undefined;
  declare protected status: StatsStatus | undefined;
  declare protected info: HostInfo | undefined;
  declare protected list: readonly CaptureMeta[] | undefined;
  declare protected failure: ApiFailure | undefined;
  /** Two columns: the narrow one is a side column and no panel. */
  declare protected wide: boolean;

  readonly #poller = new Poller({ ask: (signal) => this.#ask(signal) });
  readonly #list = new Task<readonly [StatsApi], readonly CaptureMeta[]>(this, {
    task: ([api], { signal }) => api.recordings(signal),
    args: () => [this.client] as const,
    autoRun: false,
    onComplete: (list) => {
      this.list = list;
    },
    onError: (thrown) => this.#fail(thrown),
  });
  readonly #resize = new ResizeObserver(() => this.#measure());
  /** The list may be another one than what is shown. */
  #listStale = true;

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
    this.#poller.stop();
    this.#list.abort();
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (changed.has('api') || changed.has('host') || changed.has('token')) {
      this.status = undefined;
      this.info = undefined;
      this.list = undefined;
      this.failure = undefined;
      this.#listStale = true;
      this.#poller.stop();
    }
    if (this.isConnected) this.#poller.start();
  }

  protected override render(): TemplateResult {
    const t = words[this.language];
    const kind = this.failure?.kind;
    const locked = kind === 'token-missing' || kind === 'token-wrong';
    return html`<div class="frame">
      <header class="top" part="top">
        <a class="skip btn" href="#main" @click=${this.#skip}>${t.skip}</a>
        <span class="brand"><svg width="20" height="20" viewBox="0 0 20 20" aria-hidden="true"><circle cx="6" cy="14" r="3.5"></circle
          ><path d="M6 6.5A7.5 7.5 0 0 1 13.5 14M6 2A12 12 0 0 1 18 14"></path></svg><span>punktfunk</span></span>
        ${this.#renderHost()}<span class="grow"></span>${this.#renderSwitches()}
      </header>
      ${locked ? this.#renderToken() : this.#renderGrid()}
    </div>`;
  }

  #renderHost(): TemplateResult {
    const t = words[this.language];
    const on = this.status !== undefined && this.failure === undefined;
    const session = this.info?.sessions.find((s) => s.state === 'streaming');
    const state = on ? t.answers : t.silent;
    return html`<span class="host"><span class="dot ${on ? 'on' : ''}" role="img" aria-label=${state}></span
      ><b>${this.info?.name || hostOf(this.host)}</b>${
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
    const wrong = this.failure?.kind === 'token-wrong';
    return html`<main id="main" tabindex="-1"><section class="card ask">
      <h1 aria-live="polite">${wrong ? t.tokenWrong : t.tokenMissing}</h1>
      <p class="t2">${t.tokenWhere} <code>punktfunk-host token</code>.</p>
      <form @submit=${this.#onToken}>
        <label class="field">${t.token}<input name="token" type="password" required autocomplete="off" spellcheck="false" /></label>
        <button class="btn primary">${t.useToken}</button>
      </form>
    </section></main>`;
  }

  #renderGrid(): TemplateResult {
    const t = words[this.language];
    const lang = this.language;
    const theme = this.theme ?? nothing;
    const api = this.client;
    const watching = this.#shown;
    return html`<div class="grid">
      <aside class="side" aria-label=${t.controls}>
        <pf-capture-control ?side=${this.wide} lang=${lang} theme=${theme} .api=${api} .status=${this.status} .sessions=${this.info?.sessions}
          ?watch=${watching !== undefined} @pf-capture-change=${this.#onCapture} @pf-recording-select=${this.#onSelect}></pf-capture-control>
        <pf-test-stream quiet ?side=${this.wide} lang=${lang} theme=${theme} .api=${api}></pf-test-stream>
        <pf-recordings-list ?side=${this.wide} lang=${lang} theme=${theme} .api=${api} .recordings=${this.list ?? []} .selected=${watching}
          ?hidden=${this.list === undefined} @pf-recording-select=${this.#onSelect} @pf-recording-deleted=${this.#onDeleted}></pf-recordings-list>
      </aside>
      <main id="main" tabindex="-1" aria-label=${t.performance}>
        ${this.failure === undefined ? nothing : html`<section class="card banner">${failureNote(this.failure, this.format)}</section>`}
        ${this.#renderMain(watching)}
      </main>
    </div>`;
  }

  #renderMain(watching: string | undefined): unknown {
    const t = words[this.language];
    const armed = this.status?.armed === true;
    if (watching === undefined && !armed) {
      if (this.failure !== undefined && this.list === undefined) return nothing;
      return html`<section class="card"><h1 class="empty">${this.list === undefined ? t.reading : t.none}</h1></section>`;
    }
    return html`<pf-recording-detail quiet lang=${this.language} theme=${this.theme ?? nothing} .api=${this.client} .recordingId=${watching}></pf-recording-detail>`;
  }

  /** Id of the recording in view; undefined: the live capture, or nothing. */
  get #shown(): string | undefined {
    if (this.selected !== undefined && this.selected !== '') return this.selected;
    return this.status?.armed === true ? undefined : this.list?.[0]?.id;
  }

  async #ask(signal: AbortSignal): Promise<void> {
    try {
      const api = this.client;
      const [status, info] = await Promise.all([api.status(signal), api.hostInfo(signal)]);
      if (signal.aborted) return;
      // Somebody else may have stopped the capture: then the list has grown.
      if (this.status?.armed === true && !status.armed) this.#listStale = true;
      this.status = status;
      this.info = info;
      this.failure = undefined;
      if (this.#listStale) await this.#readList();
    } catch (thrown) {
      if (signal.aborted) return;
      this.#fail(thrown);
      throw thrown;
    }
  }

  async #readList(): Promise<void> {
    await this.#list.run();
    this.#listStale = this.#list.status === TaskStatus.ERROR;
  }

  #fail(thrown: unknown): void {
    if (thrown instanceof DOMException && thrown.name === 'AbortError') return;
    this.failure = asFailure(thrown);
  }

  readonly #onCapture = (event: PfCaptureChange): void => {
    this.#listStale = true;
    if (event.status !== undefined) this.status = event.status;
    if (event.recording !== undefined) {
      // A recording just saved is what its maker wants to see.
      const saved = event.recording;
      this.list = [saved, ...(this.list ?? []).filter((m) => m.id !== saved.id)];
      this.#look(saved.id);
    } else if (event.status?.armed === true) {
      this.#look(undefined);
    }
    this.#poller.now();
  };

  readonly #onSelect = (event: PfRecordingSelect): void => {
    this.selected = event.recordingId;
  };

  readonly #onDeleted = (event: PfRecordingDeleted): void => {
    this.list = this.list?.filter((m) => m.id !== event.recordingId);
    if (this.selected === event.recordingId) this.#look(undefined);
  };

  /** What is looked at changed by an act of the user's: told to the page, which keeps the address. */
  #look(id: string | undefined): void {
    this.selected = id;
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

/** As in styles.ts. */
const ONE_COLUMN_PX = 1100;
