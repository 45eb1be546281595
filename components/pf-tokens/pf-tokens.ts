// <pf-tokens>: the API's tokens: list, create, revoke (asks in place). A value is shown once, after it was made, and is
// gone from element and document when it was put away or the element leaves the page.
import {
  css,
  html,
  nothing,
  type PropertyDeclarations,
  type PropertyValues,
  type TemplateResult,
} from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import type { CreatedToken, TokenInfo, TokenRequest } from '../../contract/tokens.ts';
import { Asking } from '../base/asking.ts';
import { define } from '../base/element.ts';
import { fieldStyles } from '../base/field-styles.ts';
import { dateOf } from '../base/format-dates.ts';
import { PfTokenChange } from '../base/host-events.ts';
import { SCOPES } from '../base/parse-host.ts';
import { Poller } from '../base/poller.ts';
import { isForbidden, isLacking, lacking, rightsNote } from '../base/rights.ts';
import { rowStyles } from '../base/row-styles.ts';
import { type ApiFailure, asFailure } from '../base/stats-api.ts';
import { StatsElement } from '../base/stats-element.ts';
import { loading } from '../base/strings.ts';
import { controls } from '../base/styles.ts';
import { tokens } from '../base/tokens.ts';
import { scopeNames, words } from './strings.ts';

/**
 * @summary The API's tokens.
 * @event {PfTokenChange} pf-token-change - A token was made or revoked; never carries its value.
 * @csspart card - The frame.
 * @csspart row - One token.
 * @csspart fresh - The value of the one just made.
 * @csspart problem - The sentence about a failure.
 */
export class PfTokens extends StatsElement {
  static override properties: PropertyDeclarations = {
    ...StatsElement.properties,
    quiet: { type: Boolean },
    list: { state: true },
    fresh: { state: true },
    copied: { state: true },
    trouble: { state: true },
    failure: { state: true },
    badName: { state: true },
    busy: { state: true },
    said: { state: true },
  };
  static override styles = [
    tokens,
    controls,
    fieldStyles,
    rowStyles,
    css`
      .row {
        grid-template-columns: minmax(0, 1fr) auto;
        align-items: center;
        gap: 2px 16px;
      }
      .row > .facts, .row > .sure {
        grid-column: 1 / -1;
      }
      .make, .fresh {
        display: grid;
        gap: 8px;
        padding: 12px 16px 16px;
        border-top: 1px solid var(--_hairline);
      }
      .make {
        display: flex;
        flex-wrap: wrap;
        align-items: flex-end;
        gap: 8px 12px;
      }
      .make .field {
        flex: 1 1 180px;
        max-width: 480px;
      }
      .make .field + .field {
        flex-basis: 250px;
      }
      .make .note {
        flex-basis: 100%;
      }
      .make .btn, .fresh .btn {
        min-height: calc(var(--_target) + 2px);
      }
      .fresh p {
        max-width: 80ch;
        text-wrap: pretty;
      }
      .fresh .field input {
        font-family: ui-monospace, 'SF Mono', Menlo, Consolas, monospace;
      }
      .value {
        display: flex;
        flex-wrap: wrap;
        align-items: flex-end;
        gap: 8px;
      }
      .value .field {
        flex: 1 1 200px;
      }
      @container (max-width: 340px) {
        :host(:not([side])) .make, :host(:not([side])) .fresh {
          padding-inline: 12px;
        }
      }
    `,
  ];

  /** The page around it says it when the host falls silent: once is enough. */
  declare quiet: boolean;
  declare protected list: readonly TokenInfo[] | undefined;
  /** The only place where a value is held. */
  declare protected fresh: CreatedToken | undefined;
  declare protected copied: boolean | undefined;
  /** Of asking. */
  declare protected trouble: ApiFailure | undefined;
  /** Of the user's own act. */
  declare protected failure: ApiFailure | undefined;
  declare protected badName: boolean;
  /** Id of the token being revoked; empty: one is being made. */
  declare protected busy: string | undefined;
  declare protected said: string;

  readonly #poller = new Poller({ ask: (signal) => this.#askList(signal), everyMs: BEAT_MS });
  readonly #asking = new Asking(this);
  /** The token or the API does not have it: not asked again. */
  #closed = false;

  constructor() {
    super();
    this.quiet = false;
    this.badName = false;
    this.said = '';
  }

  override connectedCallback(): void {
    super.connectedCallback();
    // A page that the browser keeps for "back" keeps its document too.
    addEventListener('pagehide', this.#forget);
    this.requestUpdate();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    removeEventListener('pagehide', this.#forget);
    this.#poller.stop();
    this.#forget();
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (changed.has('api') || changed.has('host') || changed.has('token')) {
      this.list = undefined;
      this.fresh = undefined;
      this.trouble = undefined;
      this.failure = undefined;
      this.#closed = false;
      this.#asking.done();
      this.#poller.stop();
    }
    if (this.isConnected && !this.#closed) this.#poller.start();
    else this.#poller.stop();
  }

  protected override updated(changed: PropertyValues): void {
    // For what stands below it in a page.
    this.toggleAttribute('stands', this.list !== undefined || this.trouble !== undefined);
    if (!changed.has('fresh')) return;
    if (this.fresh !== undefined) this.renderRoot.querySelector<HTMLElement>('.copy')?.focus();
    else if (changed.get('fresh') !== undefined && this.isConnected) {
      this.renderRoot.querySelector<HTMLElement>('.make input')?.focus();
    }
  }

  protected override render(): TemplateResult {
    const t = words[this.language];
    return html`<div class="frame"><section class="card" part="card" aria-label=${t.heading}>
      <div class="head"><h2 tabindex="-1">${t.heading}</h2>${
        this.list === undefined
          ? nothing
          : html`<span class="t3 s">${this.format.count(this.list.length)}</span>`
      }</div>
      ${this.#renderFailure()}${this.#renderList()}
      ${this.list === undefined ? nothing : this.fresh === undefined ? this.#renderForm() : this.#renderFresh(this.fresh)}
      <p class="vh" role="status">${this.said}</p>
    </section></div>`;
  }

  #renderFailure(): unknown {
    const failure = this.failure ?? this.trouble;
    if (failure === undefined || (this.quiet && failure.kind === 'offline')) return nothing;
    return html`<div class="say">${rightsNote(failure, 'admin', this.format)}</div>`;
  }

  #renderList(): unknown {
    if (this.list === undefined) {
      return this.trouble === undefined
        ? html`<p class="say note">${loading[this.language].reading}</p>`
        : nothing;
    }
    return html`<ul>${repeat(
      this.list,
      (info) => info.token_id,
      (info) => this.#renderRow(info),
    )}</ul>`;
  }

  #renderRow(info: TokenInfo): TemplateResult {
    const t = words[this.language];
    const f = this.format;
    const used = info.last_used_unix_ms;
    const facts = [
      ...(info.builtin ? [t.builtinHint] : []),
      ...(info.created_unix_ms === 0 ? [] : [t.created(dateOf(f, info.created_unix_ms))]),
      used === undefined ? t.unused : t.used(dateOf(f, used)),
    ];
    const asking = this.#asking.about === info.token_id;
    return html`<li class="row" part="row" data-id=${info.token_id}>
      <div class="name"><b><bdi>${info.builtin ? t.builtin : info.name}</bdi></b><span class="badge">${info.scope}</span></div>
      ${
        info.builtin || asking
          ? nothing
          : html`<span class="acts quiet"><button class="btn ghost" data-ask=${info.token_id} aria-label=${t.revokeOf(info.name)} @click=${() => this.#ask(info.token_id)}>${t.revoke}</button></span>`
      }
      <div class="facts">${facts.map((fact) => html`<span>${fact}</span>`)}</div>
      ${asking ? this.#renderSure(info) : nothing}
    </li>`;
  }

  #renderSure(info: TokenInfo): TemplateResult {
    const t = words[this.language];
    return this.#asking.render({
      text: t.sure(info.name),
      yes: t.revokeNow,
      keep: t.keep,
      busy: this.busy === info.token_id ? t.revoking : undefined,
      onYes: () => void this.#revoke(info),
    });
  }

  #renderForm(): TemplateResult {
    const t = words[this.language];
    const busy = this.busy === '';
    return html`<form class="make" novalidate @submit=${this.#onCreate}>
      <p class="note">${t.hint}</p>
      <label class="field">${t.name}<input name="name" type="text" maxlength="64" required autocomplete="off" ?disabled=${busy} aria-invalid=${this.badName ? 'true' : nothing} /></label>
      <label class="field">${t.scope}<select name="scope" ?disabled=${busy}>${SCOPES.map(
        (scope) => html`<option value=${scope}>${scopeNames[this.language][scope]}</option>`,
      )}</select></label>
      <button class="btn" ?disabled=${busy}>${busy ? t.creating : t.create}</button>
      ${this.badName ? html`<p class="note bad" role="alert">${t.badName}</p>` : nothing}
    </form>`;
  }

  #renderFresh(fresh: CreatedToken): TemplateResult {
    const t = words[this.language];
    const note = this.copied === undefined ? '' : this.copied ? t.copied : t.notCopied;
    return html`<div class="fresh" part="fresh" role="group" aria-label=${t.value}>
      <p><bdi>${t.fresh(fresh.info.name)}</bdi></p>
      <div class="value"><label class="field">${t.value}<input class="token" type="text" readonly autocomplete="off" spellcheck="false" .value=${fresh.token} /></label>
        <button class="btn primary copy" @click=${this.#onCopy}>${t.copy}</button
        ><button class="btn" @click=${this.#forget}>${t.done}</button></div>
      <p class="note" role="status">${note}</p>
    </div>`;
  }

  #ask(id: string): void {
    this.failure = undefined;
    this.#asking.ask(id);
  }

  readonly #forget = (): void => {
    this.fresh = undefined;
    this.copied = undefined;
    // Now, and not with the next update: whoever looks at the document a moment later finds nothing.
    this.renderRoot.querySelector('.fresh')?.querySelectorAll('input').forEach(empty);
  };

  readonly #onCopy = async (): Promise<void> => {
    const value = this.fresh?.token;
    if (value === undefined) return;
    try {
      await navigator.clipboard.writeText(value);
      this.copied = true;
    } catch {
      this.copied = false;
      this.renderRoot.querySelector<HTMLInputElement>('.token')?.select();
    }
  };

  readonly #onCreate = (event: SubmitEvent): void => {
    event.preventDefault();
    if (!(event.target instanceof HTMLFormElement)) return;
    const data = new FormData(event.target);
    const name = String(data.get('name') ?? '').trim();
    const scope = SCOPES.find((known) => known === data.get('scope'));
    this.badName = name === '' || name.length > 64;
    if (!this.badName && scope !== undefined) void this.#create({ name, scope });
  };

  /** Answers through the element's state: nobody waits for the promise. */
  async #create(request: TokenRequest): Promise<void> {
    await this.#do('', async () => {
      const api = this.client;
      if (api.createToken === undefined) throw lacking();
      const fresh = await api.createToken(request);
      this.list = [...(this.list ?? []), fresh.info];
      // Nobody is there to see it: the token stays in the list, and can be revoked.
      if (this.isConnected) this.fresh = fresh;
      this.dispatchEvent(new PfTokenChange('create', fresh.info.token_id));
    });
  }

  async #revoke(info: TokenInfo): Promise<void> {
    await this.#do(info.token_id, async () => {
      const api = this.client;
      if (api.revokeToken === undefined) throw lacking();
      try {
        await api.revokeToken(info.token_id);
      } catch (thrown) {
        // Gone already: what was asked for is the case.
        if (asFailure(thrown).code !== 'token_not_found') throw thrown;
      }
      this.list = this.list?.filter((other) => other.token_id !== info.token_id);
      this.#asking.done();
      this.said = words[this.language].revoked(info.name);
      this.dispatchEvent(new PfTokenChange('revoke', info.token_id));
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
  }

  async #askList(signal: AbortSignal): Promise<void> {
    try {
      const api = this.client;
      if (api.tokens === undefined) throw lacking();
      const list = await api.tokens(signal);
      if (signal.aborted) return;
      this.list = list;
      this.trouble = undefined;
    } catch (thrown) {
      if (signal.aborted) return;
      this.trouble = asFailure(thrown);
      this.#closed = isForbidden(this.trouble) || isLacking(this.trouble);
      throw thrown;
    }
  }
}

function empty(input: HTMLInputElement): void {
  input.value = '';
}

define('pf-tokens', PfTokens);

declare global {
  interface HTMLElementTagNameMap {
    'pf-tokens': PfTokens;
  }
}

/** Others may make tokens too; nobody waits for it. */
const BEAT_MS = 10_000;
