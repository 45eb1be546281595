// <pf-pairing>: devices that want to be paired, each with a field for the four digits that it shows. Says "paired" only
// when the host does. Never takes the focus: somebody may be typing another device's PIN.
import {
  html,
  nothing,
  type PropertyDeclarations,
  type PropertyValues,
  type TemplateResult,
} from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import type { PairingAttempt, PairingState } from '../../contract/clients.ts';
import type { HostInfo } from '../../contract/host.ts';
import { define } from '../base/element.ts';
import { fieldStyles } from '../base/field-styles.ts';
import { grouped, shortPrint } from '../base/fingerprint.ts';
import { PfPairingChange } from '../base/host-events.ts';
import { HostList } from '../base/host-list.ts';
import { lacking, rightsNote } from '../base/rights.ts';
import { rowStyles } from '../base/row-styles.ts';
import { type ApiFailure, asFailure } from '../base/stats-api.ts';
import { StatsElement } from '../base/stats-element.ts';
import { loading } from '../base/strings.ts';
import { controls } from '../base/styles.ts';
import { tokens } from '../base/tokens.ts';
import { addressFor, digitsOf, hasUsualPort, isPin } from './pin.ts';
import { needsNothing, whyFailed, words } from './strings.ts';
import { pairingStyles } from './styles.ts';

/** What this element asked the host about one attempt, and was answered. */
interface Act {
  readonly busy: boolean;
  readonly answer?: PairingAttempt;
  readonly failure?: ApiFailure;
  readonly badPin?: boolean;
}

/**
 * @summary Devices that want to be paired.
 * @event {PfPairingChange} pf-pairing-change - A PIN was entered, a device turned away, or pairing switched.
 * @csspart card - The frame.
 * @csspart attempt - One device.
 * @csspart problem - The sentence about a failure.
 */
export class PfPairing extends StatsElement {
  static override properties: PropertyDeclarations = {
    ...StatsElement.properties,
    pairing: { attribute: false },
    refusal: { attribute: false },
    info: { attribute: false },
    brief: { type: Boolean, reflect: true },
    quiet: { type: Boolean },
    acts: { state: true },
    putAway: { state: true },
    failure: { state: true },
    switching: { state: true },
    asked: { state: true },
  };
  static override styles = [tokens, controls, fieldStyles, rowStyles, pairingStyles];

  /** Handed in by a page that follows the host itself; without it the element does. */
  declare pairing: PairingState | undefined;
  /** Why the page around it has none: then the element does not ask either. */
  declare refusal: ApiFailure | undefined;
  /** Who the host is; without it the element asks once. */
  declare info: HostInfo | undefined;
  /** Only devices that wait, and what became of those answered here; nothing at all when there are none. */
  declare brief: boolean;
  /** The page around it says it when the host falls silent: once is enough. */
  declare quiet: boolean;
  declare protected acts: ReadonlyMap<string, Act>;
  /** Ended attempts that were put away here. */
  declare protected putAway: ReadonlySet<string>;
  declare protected failure: ApiFailure | undefined;
  declare protected switching: boolean;
  declare protected asked: HostInfo | undefined;

  readonly #list = new HostList<PairingState>(this, {
    topic: 'pairing',
    api: () => this.client,
    given: () => this.pairing,
    refusal: () => this.refusal,
    read: (event) => (event.topic === 'pairing' ? event.pairing : undefined),
  });
  /** Host time minus this machine's steady clock, from the last state. */
  #clock: { readonly state: PairingState; readonly offsetMs: number } | undefined;
  #beat: ReturnType<typeof setTimeout> | undefined;
  #askedInfo = false;
  /** Attempts that a screen reader was told of. */
  readonly #told = new Set<string>();
  #said = '';
  #hadFocus: string | undefined;

  constructor() {
    super();
    this.brief = false;
    this.quiet = false;
    this.switching = false;
    this.acts = new Map();
    this.putAway = new Set();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.#beat);
    this.#beat = undefined;
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (changed.has('api') || changed.has('host') || changed.has('token')) {
      this.acts = new Map();
      this.putAway = new Set();
      this.failure = undefined;
      this.asked = undefined;
      this.#askedInfo = false;
      this.#told.clear();
    }
    const state = this.#list.value;
    if (state !== undefined && this.#clock?.state !== state) {
      this.#clock = { state, offsetMs: state.now_unix_ms - performance.now() };
      this.#announce(state);
    }
    this.#hadFocus = this.shadowRoot?.activeElement?.closest('li')?.dataset['id'];
    if (!this.brief && this.info === undefined && this.isConnected) void this.#askInfo();
  }

  protected override updated(): void {
    this.toggleAttribute('waiting', this.#shown.length > 0);
    this.#keepFocus();
    clearTimeout(this.#beat);
    if (!this.isConnected || !this.#shown.some(isRunning)) return;
    const untilNext = 1000 - (this.#nowMs % 1000);
    this.#beat = setTimeout(() => this.requestUpdate(), untilNext + 5);
  }

  protected override render(): TemplateResult {
    const t = words[this.language];
    const state = this.#list.value;
    const shown = this.#shown;
    const said = html`<p class="vh" role="status">${this.#said}</p>`;
    if (this.brief && shown.length === 0) return html`<div class="frame">${said}</div>`;
    const waits = shown.filter(isRunning).length;
    return html`<div class="frame"><section class="card" part="card" aria-label=${t.heading}>
      <div class="head"><h2 tabindex="-1">${t.heading}</h2>${
        waits === 0 ? nothing : html`<span class="t2 s">${t.waiting(waits)}</span>`
      }${
        this.brief || state?.enabled !== true
          ? nothing
          : html`<button class="btn ghost" ?disabled=${this.switching} @click=${() => this.#switch(false)}>${t.switchOff}</button>`
      }</div>
      ${this.#renderFailure()}
      ${waits > 1 ? html`<p class="say note">${t.several}</p>` : nothing}
      ${
        shown.length === 0
          ? nothing
          : html`<ul>${repeat(
              shown,
              (attempt) => attempt.attempt_id,
              (attempt) => this.#renderAttempt(attempt),
            )}</ul>`
      }
      ${this.brief ? nothing : this.#renderRest(state, waits)}
      ${said}
    </section></div>`;
  }

  #renderFailure(): unknown {
    const failure = this.failure ?? this.#list.failure;
    if (failure === undefined || (this.quiet && failure.kind === 'offline')) return nothing;
    return html`<div class="say">${rightsNote(failure, 'admin', this.format)}</div>`;
  }

  #renderAttempt(attempt: PairingAttempt): TemplateResult {
    const t = words[this.language];
    const f = this.format;
    const open = isRunning(attempt);
    const waitedMs = this.#nowMs - attempt.started_unix_ms;
    const limitMs = attempt.expires_unix_ms;
    const age =
      limitMs === undefined
        ? t.waits(f.clock(Math.max(0, waitedMs)))
        : t.waitsOf(f.clock(Math.max(0, waitedMs)), f.clock(limitMs - attempt.started_unix_ms));
    return html`<li class="row ${open ? 'open' : 'ended'}" part="attempt" data-id=${attempt.attempt_id}>
      <div class="name"><b><bdi>${attempt.name || t.unnamed}</bdi></b>${
        attempt.phase === 'waiting_for_pin' ? html`<span class="t2 s">${age}</span>` : nothing
      }</div>
      ${open ? nothing : this.#renderHide(attempt)}
      <div class="facts"><span><bdi>${t.from(attempt.address)}</bdi></span><span>${t.fingerprint} <span class="print">${shortPrint(attempt.fingerprint)}</span></span></div>
      ${this.#renderStep(attempt)}
    </li>`;
  }

  #renderHide(attempt: PairingAttempt): TemplateResult {
    const t = words[this.language];
    const hide = (): void => {
      this.putAway = new Set([...this.putAway, attempt.attempt_id]);
    };
    return html`<span class="acts quiet"><button class="btn ghost" aria-label=${t.hideOf(attempt.name)} @click=${hide}>${t.hide}</button></span>`;
  }

  #renderStep(attempt: PairingAttempt): TemplateResult {
    const t = words[this.language];
    const act = this.acts.get(attempt.attempt_id);
    if (attempt.phase === 'paired') {
      return html`<div class="result"><p class="ok"><b>${t.paired(attempt.name)}</b></p></div>`;
    }
    if (attempt.phase === 'failed') {
      return html`<div class="result"><p class="bad"><b>${whyFailed(attempt, t)}</b></p>${
        needsNothing(attempt.code) ? nothing : html`<p class="note">${t.nothingPaired}</p>`
      }</div>`;
    }
    if (attempt.phase === 'verifying' || act?.busy === true) {
      return html`<div class="result"><p class="t2">${t.verifying}</p></div>`;
    }
    return this.#renderForm(attempt, act);
  }

  #renderForm(attempt: PairingAttempt, act: Act | undefined): TemplateResult {
    const t = words[this.language];
    const name = attempt.name || t.unnamed;
    return html`<form novalidate @submit=${(event: SubmitEvent) => this.#onPin(event, attempt)}>
      <label class="field pin">${t.pin}<input name="pin" type="text" inputmode="numeric" autocomplete="off" spellcheck="false" required
        aria-label=${t.pinFor(name)} aria-invalid=${act?.badPin === true ? 'true' : nothing} @input=${onDigits} /></label>
      <label class="field name">${t.name}<input name="name" type="text" maxlength="64" autocomplete="off" placeholder=${attempt.name} /></label>
      <span class="acts"><button class="btn primary" aria-label=${t.pairOf(name)}>${t.pair}</button
      ><button class="btn" type="button" aria-label=${t.dismissOf(name)} @click=${() => this.#dismiss(attempt)}>${t.dismiss}</button></span>
      ${act?.badPin === true ? html`<p class="note bad" role="alert">${t.badPin}</p>` : nothing}
      ${act?.failure === undefined ? nothing : html`<div class="bad">${rightsNote(act.failure, 'admin', this.format)}</div>`}
    </form>`;
  }

  #renderRest(state: PairingState | undefined, waits: number): unknown {
    const t = words[this.language];
    if (state === undefined) {
      return this.#list.failure === undefined
        ? html`<p class="say note">${loading[this.language].reading}</p>`
        : nothing;
    }
    if (!state.enabled) {
      const why = state.disabled_because ?? '';
      return html`<div class="say off"><p>${why === '' ? t.off : t.offBecause(why)}</p
        ><button class="btn" ?disabled=${this.switching} @click=${() => this.#switch(true)}>${t.switchOn}</button></div>`;
    }
    return html`<div class="rest">${waits > 0 ? nothing : this.#renderHow()}<div class="foot"><p>${t.trust} <span class="print">${shortPrint(state.host_fingerprint)}</span></p
      ><details><summary>${t.whole}</summary><p class="print">${grouped(state.host_fingerprint)}</p></details></div></div>`;
  }

  #renderHow(): TemplateResult {
    const t = words[this.language];
    const info = this.info ?? this.asked;
    const port = info?.gamestream_port ?? 0;
    const url = this.host === undefined || this.host === '' ? location.href : this.host;
    const address = addressFor(url, port);
    const local = hasUsualPort(port) ? t.byHandLocal : t.byHandLocalPort(String(port));
    return html`<div class="say how">
      <p>${t.openOn} <b><bdi>${info?.name || t.thisHost}</bdi></b>. ${t.thenPin}</p>
      <p class="note">${address === undefined ? local : html`${t.byHand} <b>${address}</b>.`}</p>
    </div>`;
  }

  /** What is listed, and what was answered here where that is newer or the host has forgotten it already. */
  get #shown(): readonly PairingAttempt[] {
    const listed = this.#list.value?.attempts ?? [];
    const ids = new Set(listed.map((attempt) => attempt.attempt_id));
    const answered = [...this.acts.values()].flatMap(({ answer }) =>
      answer === undefined || ids.has(answer.attempt_id) ? [] : [answer],
    );
    const newest = (attempt: PairingAttempt): PairingAttempt =>
      isRunning(attempt) ? (this.acts.get(attempt.attempt_id)?.answer ?? attempt) : attempt;
    return [...listed.map(newest), ...answered].filter((attempt) => {
      if (this.putAway.has(attempt.attempt_id)) return false;
      return !this.brief || isRunning(attempt) || this.acts.has(attempt.attempt_id);
    });
  }

  /** The host's clock, as far as it has told it. */
  get #nowMs(): number {
    return (this.#clock?.offsetMs ?? Date.now() - performance.now()) + performance.now();
  }

  #announce(state: PairingState): void {
    const t = words[this.language];
    for (const attempt of state.attempts) {
      const key = `${attempt.attempt_id} ${attempt.phase}`;
      if (this.#told.has(key)) continue;
      this.#told.add(key);
      const name = attempt.name || t.unnamed;
      const mine = this.acts.has(attempt.attempt_id);
      if (attempt.phase === 'waiting_for_pin') this.#said = t.wants(name, attempt.address);
      else if (attempt.phase === 'paired' && mine) this.#said = t.paired(name);
      else if (attempt.phase === 'failed' && mine) this.#said = whyFailed(attempt, t);
    }
    if (this.#told.size > MOST_TOLD) this.#told.clear();
  }

  /** The form that had the focus gave way to its result: the next Tab goes on from there, not from the page's top. */
  #keepFocus(): void {
    if (this.#hadFocus === undefined || this.shadowRoot?.activeElement != null) return;
    this.renderRoot.querySelector<HTMLElement>('h2')?.focus();
  }

  #onPin(event: SubmitEvent, attempt: PairingAttempt): void {
    event.preventDefault();
    if (!(event.target instanceof HTMLFormElement)) return;
    const data = new FormData(event.target);
    const pin = String(data.get('pin') ?? '');
    const name = String(data.get('name') ?? '').trim();
    if (!isPin(pin)) {
      this.#note(attempt.attempt_id, { busy: false, badPin: true });
      event.target.querySelector<HTMLElement>('[name=pin]')?.focus();
      return;
    }
    void this.#enter(attempt, pin, name);
  }

  /** Answers through the element's state: nobody waits for the promise. */
  async #enter(attempt: PairingAttempt, pin: string, name: string): Promise<void> {
    const { attempt_id } = attempt;
    const api = this.client;
    this.#note(attempt_id, { busy: true });
    try {
      if (api.enterPin === undefined) throw lacking();
      const answer = await api.enterPin({ pin, attempt_id, ...(name === '' ? {} : { name }) });
      this.#note(attempt_id, { busy: false, answer });
    } catch (thrown) {
      this.#note(attempt_id, { busy: false, ...outcomeOf(asFailure(thrown), attempt) });
    }
    this.#changed('pin');
  }

  #dismiss(attempt: PairingAttempt): void {
    const { attempt_id } = attempt;
    void this.#do(async () => {
      const api = this.client;
      if (api.dismissPairing === undefined) throw lacking();
      try {
        await api.dismissPairing(attempt_id);
      } catch (thrown) {
        // It ended by itself: nobody waits any more, which is what was asked for.
        if (asFailure(thrown).code !== 'no_attempt') throw thrown;
      }
      this.putAway = new Set([...this.putAway, attempt_id]);
      this.#changed('dismiss');
    });
  }

  #switch(enabled: boolean): void {
    void this.#do(async () => {
      const api = this.client;
      if (api.switchPairing === undefined) throw lacking();
      const state = await api.switchPairing(enabled);
      if (state !== undefined) this.#list.put(state);
      this.#changed('switch');
    });
  }

  async #do(act: () => Promise<void>): Promise<void> {
    this.failure = undefined;
    this.switching = true;
    try {
      await act();
    } catch (thrown) {
      this.failure = asFailure(thrown);
    }
    this.switching = false;
  }

  #note(attemptId: string, act: Act): void {
    this.acts = new Map([...this.acts, [attemptId, act]]);
  }

  #changed(action: PfPairingChange['action']): void {
    this.dispatchEvent(new PfPairingChange(action));
    this.#list.refresh();
  }

  /** The host's name is comfort: without it the sentence says "this computer". */
  async #askInfo(): Promise<void> {
    if (this.#askedInfo) return;
    this.#askedInfo = true;
    this.asked = await this.client.hostInfo().catch(() => undefined);
  }
}

const isRunning = (attempt: PairingAttempt): boolean =>
  attempt.phase === 'waiting_for_pin' || attempt.phase === 'verifying';

/** An attempt that the host says has failed is an answer; everything else leaves it as it was. */
function outcomeOf(failure: ApiFailure, attempt: PairingAttempt): Pick<Act, 'answer' | 'failure'> {
  const { code, message } = failure;
  if (code === 'pairing_failed') return { answer: { ...attempt, phase: 'failed', message } };
  if (code === 'no_attempt') return { answer: { ...attempt, phase: 'failed', code } };
  return { failure };
}

function onDigits(event: Event): void {
  if (!(event.target instanceof HTMLInputElement)) return;
  const digits = digitsOf(event.target.value);
  if (digits !== event.target.value) event.target.value = digits;
}

define('pf-pairing', PfPairing);

declare global {
  interface HTMLElementTagNameMap {
    'pf-pairing': PfPairing;
  }
}

/** A stranger may knock for days; what was said long ago may be said again. */
const MOST_TOLD = 500;
