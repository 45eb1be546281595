// <pf-retention>: how much recordings take of what they may take, and what goes when they take more. Changes nothing: the
// limits are settings of the host, and the element says which.
import {
  css,
  html,
  nothing,
  type PropertyDeclarations,
  type PropertyValues,
  type TemplateResult,
} from 'lit';
import type { HostInfo, RecordingsKept } from '../../contract/host.ts';
import type { CaptureMeta } from '../../contract/stats.ts';
import { define } from '../base/element.ts';
import { fieldStyles } from '../base/field-styles.ts';
import { dateOf } from '../base/format-dates.ts';
import { Poller } from '../base/poller.ts';
import { isForbidden, isLacking, rightsNote } from '../base/rights.ts';
import { figure } from '../base/states.ts';
import { type ApiFailure, asFailure, type StatsApi } from '../base/stats-api.ts';
import { StatsElement } from '../base/stats-element.ts';
import { loading } from '../base/strings.ts';
import { controls } from '../base/styles.ts';
import { tokens } from '../base/tokens.ts';
import { words } from './strings.ts';
import { type Use, useOf } from './use.ts';

/**
 * @summary What recordings take of what they may take.
 * @csspart card - The frame.
 * @csspart problem - The sentence about a failure.
 */
export class PfRetention extends StatsElement {
  static override properties: PropertyDeclarations = {
    ...StatsElement.properties,
    quiet: { type: Boolean },
    recordings: { attribute: false },
    info: { attribute: false },
    asked: { state: true },
    trash: { state: true },
    failure: { state: true },
  };
  static override styles = [
    tokens,
    controls,
    fieldStyles,
    css`
      .body {
        display: grid;
        gap: 10px;
        /* Beyond that nobody finds the figure of a name. */
        max-width: 640px;
        padding: 0 16px 14px;
      }
      dl {
        display: grid;
        gap: 10px;
      }
      .row {
        display: grid;
        grid-template-columns: minmax(0, 1fr) auto;
        gap: 2px 12px;
      }
      dt {
        color: var(--_text3);
      }
      .row dd:last-child:not(:nth-child(2)) {
        grid-column: 1 / -1;
        color: var(--_text3);
        font-size: var(--_size-s);
        line-height: 18px;
      }
      progress {
        grid-column: 1 / -1;
        display: block;
        width: 100%;
        height: 4px;
        border: 0;
        border-radius: 2px;
        overflow: hidden;
        appearance: none;
        background: var(--_raised);
        accent-color: var(--_text2);
      }
      progress::-webkit-progress-bar {
        background: var(--_raised);
      }
      progress::-webkit-progress-value {
        background: var(--_text2);
      }
      progress::-moz-progress-bar {
        background: var(--_text2);
      }
      .note {
        text-wrap: pretty;
      }
      @container (max-width: 340px) {
        :host(:not([side])) .body {
          padding-inline: 12px;
        }
      }
      @media (prefers-contrast: more), (forced-colors: active) {
        progress {
          outline: 1px solid var(--_control);
        }
      }
    `,
  ];

  /** The page around it says it when the host falls silent: once is enough. */
  declare quiet: boolean;
  /** Handed in by a page that has them. */
  declare recordings: readonly CaptureMeta[] | undefined;
  /** Handed in by a page that has it: the limits are in it. */
  declare info: HostInfo | undefined;
  declare protected asked:
    | { readonly recordings: readonly CaptureMeta[]; readonly info: HostInfo | undefined }
    | undefined;
  declare protected trash: readonly CaptureMeta[] | undefined;
  declare protected failure: ApiFailure | undefined;

  readonly #poller = new Poller({ ask: (signal) => this.#ask(signal), everyMs: BEAT_MS });
  /** The token or the API does not have it: not asked again. */
  #closed = false;

  constructor() {
    super();
    this.quiet = false;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.requestUpdate();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#poller.stop();
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (changed.has('api') || changed.has('host') || changed.has('token')) {
      this.asked = undefined;
      this.trash = undefined;
      this.failure = undefined;
      this.#closed = false;
      this.#poller.stop();
    }
    if (this.isConnected && !this.#closed) this.#poller.start();
    else this.#poller.stop();
    // Something was deleted, saved or taken back: the trash may be another.
    if (changed.get('recordings') !== undefined && changed.has('recordings')) this.#poller.now();
  }

  protected override render(): TemplateResult {
    const t = words[this.language];
    const recordings = this.recordings ?? this.asked?.recordings;
    const info = this.info ?? this.asked?.info;
    return html`<div class="frame"><section class="card" part="card" aria-label=${t.heading}>
      <div class="head"><h2>${t.heading}</h2></div>
      <div class="body">${this.#renderFailure()}${
        recordings === undefined
          ? this.failure === undefined
            ? html`<p class="note">${loading[this.language].reading}</p>`
            : nothing
          : this.#renderUse(useOf(recordings, this.trash), info?.recordings_kept)
      }</div>
    </section></div>`;
  }

  #renderFailure(): unknown {
    const { failure } = this;
    if (failure === undefined || (this.quiet && failure.kind === 'offline')) return nothing;
    return rightsNote(failure, 'stats', this.format);
  }

  #renderUse(use: Use, kept: RecordingsKept | undefined): TemplateResult {
    const t = words[this.language];
    const f = this.format;
    const mb = (bytes: number | undefined): string => {
      const size = bytes === undefined ? undefined : bytes / 1e6;
      return f.unit(size !== undefined && size >= 100 ? f.count(size) : f.tenth(size), 'MB');
    };
    const limit = (most: number | undefined, text: (most: number) => string): string =>
      most === undefined ? '' : most === 0 ? t.noLimit : text(most);
    const of = (have: string, most: number | undefined, text: (most: number) => string): string => {
      if (most === undefined) return have;
      return most === 0 ? `${have} · ${t.noLimit}` : t.countOf(have, text(most));
    };
    const count = of(f.count(use.count), kept?.count, (most) => f.count(most));
    const bytes = of(mb(use.bytes), kept?.bytes, mb);
    const isFull =
      kept !== undefined &&
      ((kept.count > 0 && use.count >= kept.count) ||
        (kept.bytes > 0 && use.bytes !== undefined && use.bytes >= kept.bytes));
    const days = limit(kept?.days, (most) => t.days(f.count(most), most === 1));
    const oldest = use.oldestUnixMs === undefined ? t.none : dateOf(f, use.oldestUnixMs);
    return html`<dl>
        <div class="row"><dt>${t.count}</dt><dd>${count}</dd>${meter(use.count, kept?.count, count)}${
          use.starred === 0 ? nothing : html`<dd>${t.starred(f.count(use.starred))}</dd>`
        }</div>
        <div class="row"><dt>${t.disk}</dt><dd>${figure(bytes, f)}</dd>${meter(use.bytes, kept?.bytes, bytes)}${
          use.trashBytes === undefined || use.trashBytes === 0
            ? nothing
            : html`<dd>${t.trash(mb(use.trashBytes))}</dd>`
        }</div>
        <div class="row"><dt>${t.oldest}</dt><dd>${[oldest, days].filter((x) => x !== '').join(' · ')}</dd></div>
      </dl>
      ${isFull ? html`<p class="note warn" role="status">${t.full}</p>` : nothing}
      <p class="note">${t.rule}</p>
      <p class="note">${
        kept === undefined
          ? t.unknown
          : html`${t.where} <code>recordings_keep</code> <code>recordings_days</code> <code>recordings_mb</code>`
      }</p>`;
  }

  async #ask(signal: AbortSignal): Promise<void> {
    try {
      const api = this.client;
      if (this.recordings === undefined) {
        const [recordings, info] = await Promise.all([
          api.recordings(signal),
          hostInfo(api, signal),
        ]);
        if (signal.aborted) return;
        this.asked = { recordings, info };
      }
      const trash = await api.trash?.(signal);
      if (signal.aborted) return;
      this.trash = trash;
      this.failure = undefined;
    } catch (thrown) {
      if (signal.aborted) return;
      this.failure = asFailure(thrown);
      this.#closed = isForbidden(this.failure) || isLacking(this.failure);
      throw thrown;
    }
  }
}

/** A token for recordings alone may not ask for the host: then the limits are not told. */
async function hostInfo(api: StatsApi, signal: AbortSignal): Promise<HostInfo | undefined> {
  try {
    return await api.hostInfo(signal);
  } catch (thrown) {
    if (isForbidden(asFailure(thrown))) return undefined;
    throw thrown;
  }
}

function meter(value: number | undefined, most: number | undefined, text: string): unknown {
  if (value === undefined || most === undefined || most === 0) return nothing;
  return html`<progress max=${most} value=${Math.min(value, most)} aria-label=${text}></progress>`;
}

define('pf-retention', PfRetention);

declare global {
  interface HTMLElementTagNameMap {
    'pf-retention': PfRetention;
  }
}

/** Nobody waits for it. */
const BEAT_MS = 30_000;
