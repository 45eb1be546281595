// <pf-sessions>: who streams right now, what, how safely, and what the way there loses; ends one stream, or the app with
// all of them (asks in place). What a client does not report is a dash.
import {
  html,
  nothing,
  type PropertyDeclarations,
  type PropertyValues,
  type TemplateResult,
} from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import type { HostStatus, SessionEncryption, SessionInfo } from '../../contract/host.ts';
import { Asking } from '../base/asking.ts';
import { define } from '../base/element.ts';
import { fieldStyles } from '../base/field-styles.ts';
import { codecName, DASH, mode } from '../base/format.ts';
import { dateOf } from '../base/format-dates.ts';
import { PfSessionEnd } from '../base/host-events.ts';
import { Poller } from '../base/poller.ts';
import { isForbidden, isLacking, lacking, rightsNote } from '../base/rights.ts';
import { rowStyles } from '../base/row-styles.ts';
import { figure } from '../base/states.ts';
import { type ApiFailure, asFailure } from '../base/stats-api.ts';
import { StatsElement } from '../base/stats-element.ts';
import { loading } from '../base/strings.ts';
import { controls } from '../base/styles.ts';
import { tokens } from '../base/tokens.ts';
import { words } from './strings.ts';
import { sessionStyles } from './styles.ts';

/**
 * @summary The running streams.
 * @event {PfSessionEnd} pf-session-end - A stream was ended; without an id: the app with all of them.
 * @csspart card - The frame.
 * @csspart row - One stream.
 * @csspart problem - The sentence about a failure.
 */
export class PfSessions extends StatsElement {
  static override properties: PropertyDeclarations = {
    ...StatsElement.properties,
    sessions: { attribute: false },
    status: { attribute: false },
    quiet: { type: Boolean },
    held: { state: true },
    heldStatus: { state: true },
    trouble: { state: true },
    failure: { state: true },
    busy: { state: true },
    said: { state: true },
  };
  static override styles = [tokens, controls, fieldStyles, rowStyles, sessionStyles];

  /** Handed in by a page that asks itself; without it the element asks on a beat. */
  declare sessions: readonly SessionInfo[] | undefined;
  /** The host's app; comes with `sessions`. */
  declare status: HostStatus | undefined;
  /** The page around it says it when the host falls silent: once is enough. */
  declare quiet: boolean;
  declare protected held: readonly SessionInfo[] | undefined;
  declare protected heldStatus: HostStatus | undefined;
  /** Of asking. */
  declare protected trouble: ApiFailure | undefined;
  /** Of the user's own act. */
  declare protected failure: ApiFailure | undefined;
  /** What the host was asked to end and has not answered yet. */
  declare protected busy: string | undefined;
  declare protected said: string;

  readonly #poller = new Poller({ ask: (signal) => this.#askAll(signal) });
  readonly #asking = new Asking(this);
  /** The token or the API does not have it: not asked again. */
  #closed = false;
  #noStatus = false;

  constructor() {
    super();
    this.quiet = false;
    this.said = '';
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#poller.stop();
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (changed.has('api') || changed.has('host') || changed.has('token')) {
      this.held = undefined;
      this.heldStatus = undefined;
      this.trouble = undefined;
      this.failure = undefined;
      this.#closed = false;
      this.#noStatus = false;
      this.#asking.done();
      this.#poller.stop();
    }
    if (this.sessions === undefined && this.isConnected && !this.#closed) this.#poller.start();
    else this.#poller.stop();
  }

  protected override render(): TemplateResult {
    const t = words[this.language];
    const f = this.format;
    const list = this.sessions ?? this.held;
    const status = this.sessions === undefined ? this.heldStatus : this.status;
    const most = status?.max_sessions ?? 0;
    const many = list === undefined ? undefined : f.count(list.length);
    return html`<div class="frame"><section class="card" part="card" aria-label=${t.heading}>
      <div class="head"><h2 tabindex="-1">${t.heading}</h2>${
        many === undefined
          ? nothing
          : html`<span class="t3 s">${most === 0 ? many : t.of(many, f.count(most))}</span>`
      }</div>
      ${this.#renderFailure()}${this.#renderApp(status)}${this.#renderList(list)}
      <p class="vh" role="status">${this.said}</p>
    </section></div>`;
  }

  #renderFailure(): unknown {
    const own = this.failure;
    if (own !== undefined)
      return html`<div class="say">${rightsNote(own, 'admin', this.format)}</div>`;
    const failure = this.sessions === undefined ? this.trouble : undefined;
    if (failure === undefined || (this.quiet && failure.kind === 'offline')) return nothing;
    return html`<div class="say">${rightsNote(failure, 'host:read', this.format)}</div>`;
  }

  #renderApp(status: HostStatus | undefined): unknown {
    const app = status?.app;
    if (app === undefined) return nothing;
    const t = words[this.language];
    const since = dateOf(this.format, app.since_unix_ms);
    return html`<div class="app"><p><bdi>${t.app(app.title, since, app.launched_by)}</bdi></p>${
      this.#asking.about === APP
        ? this.#asking.render({
            text: t.sureApp(app.title),
            yes: t.endAppNow,
            keep: t.keep,
            busy: this.busy === APP ? t.endingApp : undefined,
            onYes: () => void this.#endApp(),
          })
        : html`<span class="acts quiet"><button class="btn ghost" data-ask=${APP} aria-label=${t.endAppOf(app.title)} @click=${() => this.#ask(APP)}>${t.endApp}</button></span>`
    }</div>`;
  }

  #renderList(list: readonly SessionInfo[] | undefined): unknown {
    const t = words[this.language];
    if (list === undefined) {
      return this.trouble === undefined
        ? html`<p class="say note">${loading[this.language].reading}</p>`
        : nothing;
    }
    if (list.length === 0) return html`<p class="say note">${t.none}</p>`;
    return html`<ul>${repeat(
      list,
      (session) => session.session_id,
      (session) => this.#renderRow(session),
    )}</ul>`;
  }

  #renderRow(session: SessionInfo): TemplateResult {
    const t = words[this.language];
    const id = String(session.session_id);
    const who = session.client || t.unnamed;
    const state = this.#stateWord(session.state);
    const asking = this.#asking.about === id;
    return html`<li class="row" part="row" data-id=${id}>
      <div><div class="name"><b><bdi>${who}</bdi></b>${state === undefined ? nothing : html`<span class="badge">${state}</span>`}${this.#renderSafety(session.encryption)}</div>
        <div class="facts">${[session.app, session.address].map((fact) =>
          fact === undefined || fact === '' ? nothing : html`<span><bdi>${fact}</bdi></span>`,
        )}</div></div>
      ${
        asking
          ? nothing
          : html`<span class="acts quiet"><button class="btn ghost" data-ask=${id} aria-label=${t.endOf(who)} @click=${() => this.#ask(id)}>${t.end}</button></span>`
      }
      ${asking ? this.#renderSure(session, who) : nothing}
      ${session.encryption?.control === 'weak' ? html`<p class="note warn">${t.weakWhy}</p>` : nothing}
      <dl class="figures">${this.#figures(session).map(
        ([name, value]) => html`<div><dt>${name}</dt><dd>${figure(value, this.format)}</dd></div>`,
      )}</dl>
    </li>`;
  }

  #renderSafety(encryption: SessionEncryption | undefined): unknown {
    if (encryption === undefined) return nothing;
    const t = words[this.language];
    const { control, video, audio } = encryption;
    return html`${
      control === 'weak'
        ? html`<span class="badge warn">${t.weak}</span>`
        : html`<span class="badge">${t.controlOn}</span>`
    }<span class="badge">${video ? t.videoOn : t.videoOff}</span><span class="badge">${audio ? t.audioOn : t.audioOff}</span>`;
  }

  #renderSure(session: SessionInfo, who: string): TemplateResult {
    const t = words[this.language];
    return this.#asking.render({
      text: t.sure(who),
      yes: t.endNow,
      keep: t.keep,
      busy: this.busy === String(session.session_id) ? t.ending : undefined,
      onYes: () => void this.#end(session, who),
    });
  }

  #figures(session: SessionInfo): readonly (readonly [string, string])[] {
    const t = words[this.language];
    const f = this.format;
    const { network, codec, started_unix_ms } = session;
    const known =
      codec === 'h264' || codec === 'hevc' || codec === 'av1' ? codecName(codec) : codec;
    const mbps = session.bitrate_kbps === 0 ? undefined : session.bitrate_kbps / 1000;
    const rtt = network?.rtt_us === undefined ? undefined : network.rtt_us / 1000;
    return [
      [t.mode, mode(f, session.width, session.height, session.fps)],
      [t.codec, known || DASH],
      [t.encoder, session.encoder || DASH],
      [t.source, session.source || DASH],
      [t.bitrate, f.unit(f.tenth(mbps), 'Mb/s')],
      [t.rtt, f.unit(f.ms(rtt), 'ms')],
      [t.lost, f.count(network?.packets_lost)],
      [t.recovered, f.count(network?.packets_recovered)],
      [t.since, started_unix_ms === undefined ? DASH : f.time(started_unix_ms)],
    ];
  }

  /** Streaming is what a stream does: not a word. A state of a newer version is written as the host wrote it. */
  #stateWord(state: string): string | undefined {
    const t = words[this.language];
    switch (state) {
      case 'streaming':
      case '':
        return undefined;
      case 'starting':
        return t.starting;
      case 'waiting_for_client':
        return t.waiting;
      case 'ending':
        return t.closing;
      default:
        return state;
    }
  }

  #ask(about: string): void {
    this.failure = undefined;
    this.#asking.ask(about);
  }

  /** Answers through the element's state: nobody waits for the promise. */
  async #end(session: SessionInfo, who: string): Promise<void> {
    const { session_id } = session;
    await this.#do(String(session_id), async () => {
      const api = this.client;
      if (api.endSession === undefined) throw lacking();
      try {
        await api.endSession(session_id);
      } catch (thrown) {
        // Over already: what was asked for is the case.
        if (asFailure(thrown).code !== 'session_not_found') throw thrown;
      }
      this.said = words[this.language].ended(who);
      this.dispatchEvent(new PfSessionEnd(session_id));
    });
  }

  async #endApp(): Promise<void> {
    await this.#do(APP, async () => {
      const api = this.client;
      if (api.endApp === undefined) throw lacking();
      await api.endApp();
      this.said = words[this.language].appEnded;
      this.dispatchEvent(new PfSessionEnd(undefined));
    });
  }

  async #do(what: string, act: () => Promise<void>): Promise<void> {
    this.failure = undefined;
    this.busy = what;
    try {
      await act();
      this.#poller.now();
    } catch (thrown) {
      this.failure = asFailure(thrown);
    }
    this.busy = undefined;
    if (this.#asking.about === what) this.#asking.done();
  }

  async #askAll(signal: AbortSignal): Promise<void> {
    try {
      const [held, status] = await Promise.all([
        this.#askSessions(signal),
        this.#askStatus(signal),
      ]);
      if (signal.aborted) return;
      this.held = held;
      this.heldStatus = status;
      this.trouble = undefined;
    } catch (thrown) {
      if (signal.aborted) return;
      this.trouble = asFailure(thrown);
      this.#closed = isForbidden(this.trouble) || isLacking(this.trouble);
      throw thrown;
    }
  }

  async #askSessions(signal: AbortSignal): Promise<readonly SessionInfo[]> {
    const api = this.client;
    if (api.sessions !== undefined) return api.sessions(signal);
    const info = await api.hostInfo(signal);
    if (info === undefined) throw lacking();
    return info.sessions;
  }

  /** Without it only the line of the app is missing. */
  async #askStatus(signal: AbortSignal): Promise<HostStatus | undefined> {
    const api = this.client;
    if (api.hostStatus === undefined || this.#noStatus) return undefined;
    try {
      return await api.hostStatus(signal);
    } catch (thrown) {
      const failure = asFailure(thrown);
      if (!isForbidden(failure) && !isLacking(failure)) throw thrown;
      this.#noStatus = true;
      return undefined;
    }
  }
}

define('pf-sessions', PfSessions);

declare global {
  interface HTMLElementTagNameMap {
    'pf-sessions': PfSessions;
  }
}

/** No session has this number. */
const APP = 'app';
