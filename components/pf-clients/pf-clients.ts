// <pf-clients>: the paired devices: rename, right to end the app, revoke (asks in place). A device is its certificate;
// its name is only what people call it.
import {
  css,
  html,
  noChange,
  nothing,
  type PropertyDeclarations,
  type PropertyValues,
  type TemplateResult,
} from 'lit';
import { live } from 'lit/directives/live.js';
import { repeat } from 'lit/directives/repeat.js';
import type { ClientChange, PairedClient } from '../../contract/clients.ts';
import { Asking } from '../base/asking.ts';
import { define } from '../base/element.ts';
import { fieldStyles } from '../base/field-styles.ts';
import { shortPrint } from '../base/fingerprint.ts';
import { dateOf } from '../base/format-dates.ts';
import { PfClientChange } from '../base/host-events.ts';
import { HostList } from '../base/host-list.ts';
import { lacking, rightsNote } from '../base/rights.ts';
import { rowStyles } from '../base/row-styles.ts';
import { type ApiFailure, asFailure } from '../base/stats-api.ts';
import { StatsElement } from '../base/stats-element.ts';
import { loading } from '../base/strings.ts';
import { controls } from '../base/styles.ts';
import { tokens } from '../base/tokens.ts';
import { words } from './strings.ts';

/**
 * @summary The paired devices.
 * @event {PfClientChange} pf-client-change - A device was renamed, given or refused a right, or revoked.
 * @csspart card - The frame.
 * @csspart row - One device.
 * @csspart problem - The sentence about a failure.
 */
export class PfClients extends StatsElement {
  static override properties: PropertyDeclarations = {
    ...StatsElement.properties,
    clients: { attribute: false },
    refusal: { attribute: false },
    quiet: { type: Boolean },
    renaming: { state: true },
    busy: { state: true },
    badName: { state: true },
    failure: { state: true },
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
      }
      .row > .facts, .row > .sure, .row > form {
        grid-column: 1 / -1;
      }
      form {
        display: flex;
        flex-wrap: wrap;
        align-items: flex-end;
        gap: 8px 12px;
      }
      form .field {
        flex: 0 1 280px;
      }
      .check {
        display: inline-flex;
        align-items: center;
        gap: 6px;
        min-height: var(--_target);
        padding-inline-end: 8px;
        font-size: var(--_size-s);
        line-height: 18px;
        color: var(--_text2);
        cursor: pointer;
      }
      .check input {
        width: 16px;
        height: 16px;
        margin: 0;
        accent-color: var(--_text2);
      }
      @container (max-width: 719px) {
        .row {
          grid-template-columns: minmax(0, 1fr);
        }
        .row > .acts.quiet {
          order: 1;
          margin-block: -4px -8px;
          margin-inline: 0 -8px;
        }
      }
    `,
  ];

  /** Handed in by a page that follows the host itself; without it the element does. */
  declare clients: readonly PairedClient[] | undefined;
  /** Why the page around it has none: then the element does not ask either. */
  declare refusal: ApiFailure | undefined;
  /** The page around it says it when the host falls silent: once is enough. */
  declare quiet: boolean;
  /** Id of the device whose name is being typed. */
  declare protected renaming: string | undefined;
  /** Id of the device that the host was asked to change and has not answered for. */
  declare protected busy: string | undefined;
  declare protected badName: boolean;
  declare protected failure: ApiFailure | undefined;
  declare protected said: string;

  readonly #list = new HostList<readonly PairedClient[]>(this, {
    topic: 'clients',
    api: () => this.client,
    given: () => this.clients,
    refusal: () => this.refusal,
    read: (event) => (event.topic === 'clients' ? event.clients : undefined),
  });
  readonly #asking = new Asking(this);

  constructor() {
    super();
    this.quiet = false;
    this.badName = false;
    this.said = '';
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (changed.has('api') || changed.has('host') || changed.has('token')) {
      this.renaming = undefined;
      this.failure = undefined;
      this.#asking.done();
    }
  }

  protected override updated(changed: PropertyValues): void {
    if (!changed.has('renaming')) return;
    const before: unknown = changed.get('renaming');
    const root = this.renderRoot;
    if (this.renaming !== undefined) {
      root.querySelector<HTMLInputElement>('form input')?.select();
    } else if (typeof before === 'string') {
      const all = [...root.querySelectorAll<HTMLElement>('[data-rename]')];
      all.find((button) => button.dataset['rename'] === before)?.focus();
    }
  }

  protected override render(): TemplateResult {
    const t = words[this.language];
    const list = this.#list.value;
    return html`<div class="frame"><section class="card" part="card" aria-label=${t.heading}>
      <div class="head"><h2 tabindex="-1">${t.heading}</h2>${
        list === undefined
          ? nothing
          : html`<span class="t3 s">${this.format.count(list.length)}</span>`
      }</div>
      ${this.#renderFailure()}${this.#renderList(list)}
      <p class="vh" role="status">${this.said}</p>
    </section></div>`;
  }

  #renderFailure(): unknown {
    const own = this.failure;
    if (own !== undefined)
      return html`<div class="say">${rightsNote(own, 'admin', this.format)}</div>`;
    const failure = this.#list.failure;
    if (failure === undefined || (this.quiet && failure.kind === 'offline')) return nothing;
    return html`<div class="say">${rightsNote(failure, 'host:read', this.format)}</div>`;
  }

  #renderList(list: readonly PairedClient[] | undefined): unknown {
    const t = words[this.language];
    if (list === undefined) {
      return this.#list.failure === undefined
        ? html`<p class="say note">${loading[this.language].reading}</p>`
        : nothing;
    }
    if (list.length === 0) return html`<p class="say note">${t.none}</p>`;
    return html`<ul>${repeat(
      list,
      (client) => client.client_id,
      (client) => this.#renderRow(client),
    )}</ul><p class="say note">${t.mayEndHint}</p>`;
  }

  #renderRow(client: PairedClient): TemplateResult {
    const t = words[this.language];
    const f = this.format;
    const id = client.client_id;
    const seen = client.last_seen_unix_ms;
    const facts = [
      t.paired(dateOf(f, client.paired_unix_ms)),
      ...(client.connected ? [] : [seen === undefined ? t.neverSeen : t.seen(dateOf(f, seen))]),
      ...(client.address === '' ? [] : [t.from(client.address)]),
    ];
    return html`<li class="row" part="row" data-id=${id}>
      <div class="name"><b><bdi>${client.name}</bdi></b>${
        client.connected ? html`<span class="badge on">${t.streams}</span>` : nothing
      }</div>
      ${this.renaming === id || this.#asking.about === id ? nothing : this.#renderActs(client)}
      <div class="facts">${facts.map((fact) => html`<span><bdi>${fact}</bdi></span>`)}<span>${t.fingerprint} <span class="print">${shortPrint(id)}</span></span></div>
      ${this.renaming === id ? this.#renderRename(client) : nothing}
      ${this.#asking.about === id ? this.#renderSure(client) : nothing}
    </li>`;
  }

  #renderActs(client: PairedClient): TemplateResult {
    const t = words[this.language];
    const { client_id, name } = client;
    const busy = this.busy === client_id;
    // Until the host has answered, the switch stands as it was put.
    return html`<span class="acts quiet">
      <label class="check"><input type="checkbox" role="switch" aria-label=${`${t.mayEnd}: ${name}`} .checked=${busy ? noChange : live(client.may_end)} ?disabled=${busy}
        @change=${() => void this.#change(client, { may_end: !client.may_end })} />${t.mayEnd}</label>
      <button class="btn ghost" data-rename=${client_id} aria-label=${t.renameOf(name)} @click=${() => this.#rename(client_id)}>${t.rename}</button>
      <button class="btn ghost" data-ask=${client_id} aria-label=${t.revokeOf(name)} @click=${() => this.#ask(client_id)}>${t.revoke}</button>
    </span>`;
  }

  #renderRename(client: PairedClient): TemplateResult {
    const t = words[this.language];
    return html`<form novalidate @submit=${(event: SubmitEvent) => this.#onName(event, client)} @keydown=${this.#onNameKey}>
      <label class="field">${t.name}<input name="name" type="text" maxlength="64" required autocomplete="off" .value=${client.name}
        aria-invalid=${this.badName ? 'true' : nothing} /></label>
      <span class="acts"><button class="btn primary" ?disabled=${this.busy === client.client_id}>${t.save}</button
      ><button class="btn" type="button" @click=${() => this.#rename(undefined)}>${t.cancel}</button></span>
      ${this.badName ? html`<p class="note bad" role="alert">${t.badName}</p>` : nothing}
    </form>`;
  }

  #renderSure(client: PairedClient): TemplateResult {
    const t = words[this.language];
    return this.#asking.render({
      text: t.sure(client.name),
      yes: t.revokeNow,
      keep: t.keep,
      busy: this.busy === client.client_id ? t.revoking : undefined,
      onYes: () => void this.#revoke(client),
    });
  }

  #rename(id: string | undefined): void {
    this.failure = undefined;
    this.badName = false;
    this.renaming = id;
  }

  #ask(id: string): void {
    this.failure = undefined;
    this.#asking.ask(id);
  }

  readonly #onNameKey = (event: KeyboardEvent): void => {
    if (event.key !== 'Escape') return;
    event.stopPropagation();
    this.#rename(undefined);
  };

  #onName(event: SubmitEvent, client: PairedClient): void {
    event.preventDefault();
    if (!(event.target instanceof HTMLFormElement)) return;
    const name = String(new FormData(event.target).get('name') ?? '').trim();
    this.badName = name === '' || name.length > 64;
    if (!this.badName) void this.#change(client, { name });
  }

  /** Answers through the element's state: nobody waits for the promise. */
  async #change(client: PairedClient, change: ClientChange): Promise<void> {
    await this.#do(client, 'change', async () => {
      const api = this.client;
      if (api.changeClient === undefined) throw lacking();
      const now = (await api.changeClient(client.client_id, change)) ?? { ...client, ...change };
      this.#put((other) => (other.client_id === now.client_id ? [now] : [other]));
      this.renaming = undefined;
      if (change.name !== undefined) this.said = words[this.language].renamed(change.name);
    });
  }

  async #revoke(client: PairedClient): Promise<void> {
    await this.#do(client, 'revoke', async () => {
      const api = this.client;
      if (api.revokeClient === undefined) throw lacking();
      try {
        await api.revokeClient(client.client_id);
      } catch (thrown) {
        // Gone already: what was asked for is the case.
        if (asFailure(thrown).code !== 'client_not_found') throw thrown;
      }
      this.#put((other) => (other.client_id === client.client_id ? [] : [other]));
      this.#asking.done();
      this.said = words[this.language].revoked(client.name);
    });
  }

  async #do(
    client: PairedClient,
    action: PfClientChange['action'],
    act: () => Promise<void>,
  ): Promise<void> {
    this.failure = undefined;
    this.busy = client.client_id;
    try {
      await act();
      this.dispatchEvent(new PfClientChange(action, client.client_id));
      this.#list.refresh();
    } catch (thrown) {
      this.failure = asFailure(thrown);
    }
    this.busy = undefined;
  }

  #put(change: (client: PairedClient) => readonly PairedClient[]): void {
    const list = this.#list.value?.flatMap(change);
    if (list === undefined) return;
    // A page that hands the list in is told by the event; until its next one this is what is the case.
    if (this.clients !== undefined) this.clients = list;
    this.#list.put(list);
  }
}

define('pf-clients', PfClients);

declare global {
  interface HTMLElementTagNameMap {
    'pf-clients': PfClients;
  }
}
