// <pf-first-run>: the four first steps on a host where nothing was recorded yet. Asks nothing: each step ticks itself
// from what the page already knows. What is not known here (no list of devices) is no step.
import { css, html, nothing, type PropertyDeclarations, type TemplateResult } from 'lit';
import { define } from '../base/element.ts';
import { fieldStyles } from '../base/field-styles.ts';
import { PfGuideDismiss, PfRoom } from '../base/host-events.ts';
import { StatsElement } from '../base/stats-element.ts';
import { controls } from '../base/styles.ts';
import { tokens } from '../base/tokens.ts';
import { type Known, type Step, stepsOf } from './steps.ts';
import { words } from './strings.ts';

/**
 * @summary The first steps on a new host.
 * @event {PfGuideDismiss} pf-guide-dismiss - The steps were put away.
 * @event {PfRoom} pf-room - The room of a step was asked for: where devices are paired, where a test stream is run.
 * @csspart card - The frame.
 */
export class PfFirstRun extends StatsElement {
  static override properties: PropertyDeclarations = {
    ...StatsElement.properties,
    known: { attribute: false },
  };
  static override styles = [
    tokens,
    controls,
    fieldStyles,
    css`
      .head .btn {
        margin-inline-start: auto;
      }
      ol {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(200px, 1fr));
        border-top: 1px solid var(--_hairline);
      }
      li {
        display: grid;
        grid-template-columns: 20px minmax(0, 1fr);
        align-content: start;
        gap: 2px 10px;
        padding: 12px 16px 14px;
      }
      .mark {
        width: 20px;
        height: 20px;
        grid-row: span 2;
        border: 1px solid var(--_control);
        border-radius: 50%;
        font-size: var(--_size-xs);
        line-height: 18px;
        font-weight: 600;
        text-align: center;
        color: var(--_text2);
      }
      .mark svg {
        display: block;
        margin: 4px;
      }
      .done .mark {
        border-color: var(--_ok);
        color: var(--_ok);
      }
      li b {
        font-weight: 600;
      }
      .done b {
        font-weight: 400;
        color: var(--_text2);
      }
      .how {
        grid-column: 2;
        font-size: var(--_size-s);
        line-height: 18px;
        color: var(--_text2);
        text-wrap: pretty;
      }
      .how .btn {
        margin-top: 6px;
        color: var(--_text);
      }
      @container (max-width: 340px) {
        :host(:not([side])) li {
          padding-inline: 12px;
        }
      }
    `,
  ];

  /** What the page knows of the host. */
  declare known: Known | undefined;

  protected override render(): unknown {
    if (this.known === undefined) return nothing;
    const t = words[this.language];
    const f = this.format;
    const steps = stepsOf(this.known);
    const done = steps.filter((step) => step.done).length;
    const progress =
      done === steps.length ? t.finished : t.progress(f.count(done), f.count(steps.length));
    return html`<div class="frame"><section class="card" part="card" aria-label=${t.heading}>
      <div class="head"><h2>${t.heading}</h2><span class="t3 s" role="status">${progress}</span
        ><button class="btn ghost" @click=${() => this.dispatchEvent(new PfGuideDismiss())}>${t.dismiss}</button></div>
      <ol>${steps.map((step, i) => this.#renderStep(step, i + 1, steps.find((s) => !s.done) === step))}</ol>
    </section></div>`;
  }

  #renderStep(step: Step, number: number, next: boolean): TemplateResult {
    const t = words[this.language];
    const how = { capture: t.captureHow, pair: t.pairHow, play: t.playHow, look: t.lookHow };
    return html`<li class=${step.done ? 'done' : ''} aria-current=${next ? 'step' : nothing}>
      <span class="mark" aria-hidden="true">${step.done ? TICK : number}</span>
      <b>${t[step.name]}<span class="vh">: ${step.done ? t.done : t.open}</span></b>
      <div class="how">${how[step.name]}${this.#renderGo(step)}</div>
    </li>`;
  }

  /** Where a step is taken in another room. */
  #renderGo({ name, done }: Step): unknown {
    if (done || (name !== 'pair' && name !== 'play')) return nothing;
    const t = words[this.language];
    const [room, text] = name === 'pair' ? ['host', t.pairGo] : ['test', t.playGo];
    return html`<br /><button class="btn" @click=${() => this.dispatchEvent(new PfRoom(room))}>${text}</button>`;
  }
}

const TICK = html`<svg width="10" height="10" viewBox="0 0 10 10"><path d="M1.5 5.5 4 8l4.5-6" fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round"></path></svg>`;

define('pf-first-run', PfFirstRun);

declare global {
  interface HTMLElementTagNameMap {
    'pf-first-run': PfFirstRun;
  }
}
