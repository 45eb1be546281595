// <pf-black-box>: what the host holds of the last minutes without anybody having armed it, and what is left of a run that
// ended badly. Saves either as a recording. Shows nothing for a host without a black box.
import { Task, TaskStatus } from '@lit-labs/task';
import {
  css,
  html,
  nothing,
  type PropertyDeclarations,
  type PropertyValues,
  type TemplateResult,
} from 'lit';
import type { BlackBoxStatus, CaptureMeta, LastRun, StatsStatus } from '../../contract/stats.ts';
import { define } from '../base/element.ts';
import { PfCaptureChange, PfRecordingSelect } from '../base/events.ts';
import { fieldStyles } from '../base/field-styles.ts';
import { dateOf, lengthOf } from '../base/format-dates.ts';
import { Poller } from '../base/poller.ts';
import { lacking } from '../base/rights.ts';
import { failureNote } from '../base/states.ts';
import { type ApiFailure, asFailure, type StatsApi } from '../base/stats-api.ts';
import { StatsElement } from '../base/stats-element.ts';
import { controls } from '../base/styles.ts';
import { tokens } from '../base/tokens.ts';
import { triggers, words } from './strings.ts';

type Action = 'black-box' | 'last-run' | 'dismiss';

/**
 * @summary The host's black box: save it, or what the last run left.
 * @event {PfCaptureChange} pf-capture-change - The user made a recording of it.
 * @event {PfRecordingSelect} pf-recording-select - "Look at it" was chosen.
 * @csspart card - The frame.
 * @csspart last-run - What is said about a run that ended badly.
 * @csspart problem - The sentence about a failure.
 */
export class PfBlackBox extends StatsElement {
  static override properties: PropertyDeclarations = {
    ...StatsElement.properties,
    status: { attribute: false },
    asked: { state: true },
    failure: { state: true },
    said: { state: true },
  };
  static override styles = [
    tokens,
    controls,
    fieldStyles,
    css`
      .part {
        display: grid;
        gap: 8px;
        padding: 0 16px 14px;
      }
      .part + .part {
        padding-top: 12px;
        border-top: 1px solid var(--_hairline);
      }
      .part:first-child {
        padding-top: 12px;
      }
      .acts {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 8px;
      }
      .s {
        color: var(--_text2);
        text-wrap: pretty;
      }
      .warn {
        color: var(--_warn);
        font-weight: 600;
      }
      @container (max-width: 340px) {
        :host(:not([side])) .part {
          padding-inline: 12px;
        }
      }
    `,
  ];

  /** Handed in by a page that asks itself; without it the element asks on a beat. */
  declare status: StatsStatus | undefined;
  declare protected asked: StatsStatus | undefined;
  declare protected failure: ApiFailure | undefined;
  declare protected said: string;

  /** What was asked for last. */
  #running: Action | undefined;
  readonly #poller = new Poller({ ask: (signal) => this.#ask(signal) });
  readonly #act = new Task<readonly [Action], CaptureMeta | undefined>(this, {
    task: ([action], { signal }) => carryOut(this.client, action, signal),
    autoRun: false,
    onComplete: (recording) => this.#done(recording),
    onError: (thrown) => {
      this.failure = asFailure(thrown);
    },
  });

  constructor() {
    super();
    this.said = '';
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#poller.stop();
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (changed.has('api') || changed.has('host') || changed.has('token')) {
      this.asked = undefined;
      this.failure = undefined;
      this.#poller.stop();
    }
    if (this.status === undefined && this.isConnected) this.#poller.start();
    else this.#poller.stop();
  }

  protected override render(): unknown {
    const t = words[this.language];
    const { black_box: box, last_run: lastRun } = this.status ?? this.asked ?? {};
    const { failure } = this;
    if (box === undefined && lastRun === undefined && failure === undefined) return nothing;
    return html`<div class="frame"><section class="card" part="card" aria-label=${t.heading}>
      ${lastRun === undefined ? nothing : this.#renderLastRun(lastRun)}
      ${
        box === undefined
          ? nothing
          : html`<div class="head"><h2 tabindex="-1">${t.heading}</h2></div><div class="part">${this.#renderBox(box)}</div>`
      }
      ${failure === undefined ? nothing : html`<div class="part">${failureNote(failure, this.format)}</div>`}
      <p class="vh" role="status">${this.said}</p>
    </section></div>`;
  }

  #renderLastRun(run: LastRun): TemplateResult {
    const t = words[this.language];
    const f = this.format;
    const recovered = run.recovered_ids.length;
    const held = run.seconds > 0 && run.saved_id === undefined;
    return html`<div class="part" part="last-run" role="group" aria-label=${t.badEnd}>
      <p class="warn">${run.last_seen_unix_ms === 0 ? t.badEnd : t.badEndAt(dateOf(f, run.last_seen_unix_ms))}</p>
      ${recovered === 0 ? nothing : html`<p class="s">${t.recovered(f.count(recovered), recovered === 1)}</p>`}
      ${run.saved_id === undefined ? html`<p class="s">${held ? t.leftover(lengthOf(f, run.seconds * 1000)) : t.nothingLeft}</p>` : nothing}
      <span class="acts">${held ? this.#button('last-run', t.saveIt) : nothing}${
        run.saved_id === undefined ? nothing : this.#look(run.saved_id)
      }${this.#button('dismiss', held ? t.discard : t.dismiss)}</span>
    </div>`;
  }

  #renderBox(box: BlackBoxStatus): unknown {
    const t = words[this.language];
    const f = this.format;
    if (!box.on) return html`<p class="s">${t.off}</p>`;
    const why = triggers[this.language][box.last_trigger ?? ''];
    const when = box.last_saved_unix_ms;
    return html`${box.fault === undefined ? nothing : html`<p class="s warn">${t.fault(box.fault)}</p>`}
      <p class="s"><span>${box.seconds > 0 ? t.holds(lengthOf(f, box.seconds * 1000)) : t.empty}</span>${
        box.seconds > 0 && box.limit_bytes > 0
          ? html` <span class="t3">${t.memory(f.unit(f.tenth(box.bytes / 1e6), 'MB'), f.unit(f.tenth(box.limit_bytes / 1e6), 'MB'))}</span>`
          : nothing
      }</p>
      <span class="acts">${box.seconds > 0 ? this.#button('black-box', t.save) : nothing}${
        why === undefined || when === undefined
          ? nothing
          : html`<span class="s">${t.lastSaved(why, f.time(when))}</span>${box.last_id === undefined ? nothing : this.#look(box.last_id)}`
      }</span>`;
  }

  #button(action: Action, label: string): TemplateResult {
    const t = words[this.language];
    const busy = this.#act.status === TaskStatus.PENDING;
    const saving = busy && action !== 'dismiss' && this.#running === action;
    return html`<button class="btn ${action === 'dismiss' ? 'ghost' : ''}" ?disabled=${busy} @click=${() => this.#run(action)}>${saving ? t.saving : label}</button>`;
  }

  #look(id: string): TemplateResult {
    return html`<button class="btn ghost" @click=${() => this.dispatchEvent(new PfRecordingSelect(id))}>${words[this.language].look}</button>`;
  }

  #run(action: Action): void {
    this.failure = undefined;
    this.said = '';
    this.#running = action;
    void this.#act.run([action]);
  }

  #done(recording: CaptureMeta | undefined): void {
    // Its button is gone or changed: the focus stays in the card.
    this.renderRoot.querySelector<HTMLElement>('h2')?.focus();
    if (recording !== undefined) {
      this.said = words[this.language].saved;
      this.dispatchEvent(new PfCaptureChange({ recording }));
    }
    if (this.status === undefined) this.#poller.now();
    else this.#forgetLastRun();
  }

  /** Until whoever handed the state in has asked again. */
  #forgetLastRun(): void {
    if (this.#running !== 'dismiss' || this.status === undefined) return;
    const { last_run: _gone, ...rest } = this.status;
    this.status = rest;
  }

  async #ask(signal: AbortSignal): Promise<void> {
    try {
      const status = await this.client.status(signal);
      if (signal.aborted) return;
      this.asked = status;
      if (this.failure?.kind !== 'refused') this.failure = undefined;
    } catch (thrown) {
      if (signal.aborted) return;
      this.failure = asFailure(thrown);
      throw thrown;
    }
  }
}

async function carryOut(
  api: StatsApi,
  action: Action,
  signal: AbortSignal,
): Promise<CaptureMeta | undefined> {
  if (action === 'dismiss') {
    if (api.dismissLastRun === undefined) throw lacking();
    await api.dismissLastRun(signal);
    return undefined;
  }
  const saved = action === 'black-box' ? api.saveBlackBox?.(signal) : api.saveLastRun?.(signal);
  if (saved === undefined) throw lacking();
  return saved;
}

define('pf-black-box', PfBlackBox);

declare global {
  interface HTMLElementTagNameMap {
    'pf-black-box': PfBlackBox;
  }
}
