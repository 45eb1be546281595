// <pf-injected>: what a test stream injected, next to what the findings of its recording say. A part of
// <pf-test-stream>. What was injected it has from the truth log, what was found from the recording: one knows nothing of
// the other, and where one is missing nothing is claimed.
import { initialState, Task } from '@lit-labs/task';
import { css, html, nothing, type PropertyDeclarations, type TemplateResult } from 'lit';
import type { Capture } from '../../contract/stats.ts';
import type { Finding } from '../../recording/src/review/findings.ts';
import { define } from '../base/element.ts';
import { fieldStyles } from '../base/field-styles.ts';
import { findingText } from '../base/finding-words.ts';
import { fineClock } from '../base/format-dates.ts';
import { PfRecordingLook } from '../base/host-events.ts';
import { recordingIdProperty } from '../base/recording-id.ts';
import { seriesTokens } from '../base/series-tokens.ts';
import { failureNote } from '../base/states.ts';
import { asFailure, type StatsApi } from '../base/stats-api.ts';
import { StatsElement } from '../base/stats-element.ts';
import { controls } from '../base/styles.ts';
import { swatch, swatchStyles } from '../base/swatch.ts';
import { tokens } from '../base/tokens.ts';
import type { Planned } from '../pf-test-stream/faults.ts';
import { isExpected, type Matched, matchOf } from '../pf-test-stream/match.ts';
import { faultNames } from '../pf-test-stream/strings.ts';
import {
  clockOf,
  type Happened,
  happenedOf,
  parseTruth,
  type Truth,
} from '../pf-test-stream/truth.ts';
import { Asked } from '../review/asked.ts';
import { ReviewSource } from '../review/review-source.ts';
import { workerUrl } from '../review/worker-url.ts';
import { words } from './strings.ts';

/**
 * @summary What was injected against what was found.
 * @event {PfRecordingLook} pf-recording-select - "Look at it" was chosen.
 * @csspart pairs - What was injected, each with what was found of it.
 * @cssproperty --pf-accent - Colour of what is chosen; likewise every token of the design.
 */
export class PfInjected extends StatsElement {
  static override properties: PropertyDeclarations = {
    ...StatsElement.properties,
    recordingId: recordingIdProperty,
    planned: { attribute: false },
    truth: { attribute: false },
  };
  static override styles = [
    tokens,
    seriesTokens,
    controls,
    fieldStyles,
    swatchStyles,
    css`
      ol {
        display: grid;
        gap: 0;
        margin-top: 8px;
        border: 1px solid var(--_hairline);
        border-radius: 6px;
      }
      li {
        display: grid;
        grid-template-columns: 20px minmax(0, 1fr) auto;
        gap: 2px 10px;
        align-items: start;
        padding: 10px 12px;
      }
      li + li {
        border-top: 1px solid var(--_hairline);
      }
      .no {
        width: 20px;
        min-height: 20px;
        border: 1px solid var(--_control);
        border-radius: 4px;
        text-align: center;
        font-size: var(--_size-xs);
        line-height: 18px;
        font-weight: 600;
      }
      .pair {
        display: grid;
        grid-template-columns: 76px minmax(0, 1fr);
        gap: 2px 10px;
      }
      .pair dt {
        color: var(--_text3);
        font-size: var(--_size-s);
      }
      .pair b {
        font-weight: 600;
      }
      .pair .sw {
        width: 10px;
        height: 10px;
        margin-inline-end: 6px;
      }
      h3 {
        font-size: var(--_size);
        font-weight: 600;
      }
      .note {
        margin-top: 8px;
        text-wrap: pretty;
      }
      @container (max-width: 480px) {
        li {
          grid-template-columns: 20px minmax(0, 1fr);
        }
        .pair {
          grid-template-columns: minmax(0, 1fr);
        }
        li .btn {
          grid-column: 2;
          justify-self: start;
          margin-top: 4px;
        }
      }
    `,
  ];

  /** The recording of the run. */
  declare recordingId: string | undefined;
  /** What was asked for, a line each. */
  declare planned: readonly Planned[] | undefined;
  /** The truth log as the host gave it; undefined: none was kept. */
  declare truth: string | undefined;

  readonly #capture = new Task<readonly [StatsApi, string | undefined], Capture>(this, {
    task: ([api, id], { signal }) => (id === undefined ? initialState : api.recording(id, signal)),
    args: () => [this.client, this.recordingId] as const,
  });
  readonly #review = new ReviewSource(this, () => ({
    api: this.client,
    // What is read after the element has gone opens nothing.
    capture: this.isConnected ? this.#capture.value : undefined,
    frames: undefined,
    workerUrl,
  }));
  readonly #findings = new Asked(this, 'findings', () => {
    const [client, session] = [this.#review.client, this.#session];
    return client === undefined || session === undefined ? undefined : { client, args: [session] };
  });
  /** The first frame there is: by its number it is found in the log too. */
  readonly #anchor = new Asked(this, 'frame', () => {
    const [client, session] = [this.#review.client, this.#session];
    return client === undefined || session === undefined
      ? undefined
      : { client, args: [session, 0] };
  });
  #first: Matched['range'];
  #read: { readonly text: string; readonly truth: Truth } | undefined;

  /** Where the first of what was injected lies; undefined where that is not known. */
  get firstRange(): Matched['range'] {
    return this.#first;
  }

  protected override render(): unknown {
    if (this.recordingId === undefined) return nothing;
    const t = words[this.language];
    return html`<div class="frame"><h3 tabindex="-1">${t.heading}</h3>${this.#renderBody()}</div>`;
  }

  #renderBody(): unknown {
    const t = words[this.language];
    const truth = this.#truth;
    // A log of no session is of a run in which nothing was streamed.
    if (truth === undefined || this.#session === undefined) {
      return html`<p class="note">${t.noTruth}</p>`;
    }
    const failure = this.#capture.error ?? this.#review.failure ?? this.#findings.failure;
    if (failure !== undefined) return failureNote(asFailure(failure), this.format);
    const findings = this.#findings.answer?.findings;
    if (findings === undefined) return html`<p class="note" role="status">${t.reading}</p>`;
    const toMs = this.#toMs(truth);
    const happened = happenedOf(this.planned ?? [], truth);
    const matched = happened.map((one) => {
      // The findings are of the first session; others are there to disturb it.
      const isOwn = one.sessionId === this.#session || one.planned.kind === 'session';
      return toMs === undefined ? NO_MATCH : matchOf(one, isOwn ? findings : [], toMs);
    });
    this.#first = around(matched.find(({ range }) => range !== undefined)?.range);
    const told = new Set(matched.flatMap(({ found, others }) => [...found, ...others]));
    const own = findings.filter((one) => !told.has(one)).length;
    return html`<ol part="pairs">${happened.map((one, i) => this.#renderOne(one, matched[i] ?? NO_MATCH, i))}</ol>
      ${own === 0 ? nothing : html`<p class="note">${t.own(this.format.count(own), own === 1)}</p>`}
      <p class="note">${t.how}</p>`;
  }

  #renderOne(one: Happened, matched: Matched, index: number): TemplateResult {
    const t = words[this.language];
    const name = faultNames[this.language][one.planned.kind];
    const { range } = matched;
    return html`<li><span class="no" aria-hidden="true">${this.format.count(index + 1)}</span>
      <dl class="pair"><dt>${t.injected}</dt><dd><b>${name}</b>${this.#done(one, range)}</dd>
        <dt>${t.found}</dt><dd>${one.frames === 0 ? '–' : this.#found(one, matched)}</dd></dl>
      ${
        range === undefined
          ? nothing
          : html`<button class="btn" aria-label=${t.lookAt(name)} @click=${() => this.#look(range)}>${t.look}</button>`
      }</li>`;
  }

  /** How much of it the log says was carried out. */
  #done(one: Happened, range: Matched['range']): string {
    const t = words[this.language];
    const f = this.format;
    if (one.frames === 0) return `. ${t.notDone}`;
    const n = f.count(one.frames);
    const isOne = one.frames === 1;
    const { kind } = one.planned;
    const facts = [
      ...(one.longestUs === undefined
        ? []
        : [t.stall(f.unit(f.ms(one.longestUs / 1000), 'ms'), isOne)]),
      ...(one.packets === undefined ? [] : [t.packets(f.count(one.packets), one.packets === 1)]),
      kind === 'session'
        ? t.sessionFrames(n)
        : kind === 'key_frames'
          ? t.keyFrames(n, isOne)
          : t.frames(n, isOne),
      this.#where(one, range),
    ];
    return `, ${facts.join(', ')}`;
  }

  #where({ frames }: Happened, range: Matched['range']): string {
    const t = words[this.language];
    if (range === undefined) return t.unplaced;
    const from = fineClock(this.format, range.fromMs, 2);
    return frames === 1 ? t.at(from) : t.span(`${from}–${fineClock(this.format, range.toMs, 2)}`);
  }

  #found(one: Happened, { found, others, range }: Matched): unknown {
    const t = words[this.language];
    if (found.length > 0) return found.map((finding) => this.#renderFinding(finding));
    if (!isExpected(one)) return t.noneExpected;
    if (others.length === 0 || range === undefined) return t.nothingFound;
    return html`${t.nothingFound} ${t.other} ${others.map((finding) => this.#renderFinding(finding))}`;
  }

  #renderFinding(finding: Finding): unknown {
    const findings = this.#findings.answer;
    if (findings === undefined) return nothing;
    const { key, side, span, strong, rest } = findingText(finding, this.format, findings);
    return html`<span class="one">${swatch(key)}<b>${side}</b> ${span}: ${strong} ${rest} </span>`;
  }

  #look(range: Matched['range']): void {
    const { recordingId } = this;
    const part = around(range);
    if (recordingId === undefined || part === undefined) return;
    this.dispatchEvent(new PfRecordingLook(recordingId, part));
  }

  get #truth(): Truth | undefined {
    if (this.truth === undefined) return undefined;
    if (this.#read?.text !== this.truth) {
      this.#read = { text: this.truth, truth: parseTruth(this.truth) };
    }
    return this.#read.truth;
  }

  get #session(): number | undefined {
    return this.#truth?.sessions[0]?.id;
  }

  #toMs(truth: Truth): ((ns: number) => number) | undefined {
    const first = this.#anchor.answer;
    const index = first?.columns.frame_index;
    if (first === undefined || index === undefined || this.#session === undefined) return undefined;
    return clockOf(truth, this.#session, { frame: index, atMs: first.atMs });
  }
}

/** So that it is seen with what lies around it. */
function around(range: Matched['range']): Matched['range'] {
  if (range === undefined) return undefined;
  return {
    fromMs: Math.max(0, Math.floor(range.fromMs - AROUND_MS)),
    toMs: Math.ceil(range.toMs + AROUND_MS),
  };
}

const NO_MATCH: Matched = { range: undefined, found: [], others: [] };
/** So much of the stream around it is shown with it. */
const AROUND_MS = 250;

define('pf-injected', PfInjected);

declare global {
  interface HTMLElementTagNameMap {
    'pf-injected': PfInjected;
  }
}
