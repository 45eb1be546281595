// What the elements over single frames share: one recording, one session of it, one range, the review that answers about
// them, and the sentence that stands there while there is nothing to answer.
import { html, nothing, type PropertyDeclarations, type TemplateResult } from 'lit';
import type { Capture } from '../../contract/stats.ts';
import { type PartName, partsOf } from '../../recording/src/review/frame-table.ts';
import type { Range as AskedRange, SessionFacts } from '../../recording/src/review/review.ts';
import type { Range } from '../chart/grid.ts';
import { sessionIds } from '../chart/sessions.ts';
import type { ReviewClient } from '../review/review-client.ts';
import { ReviewSource } from '../review/review-source.ts';
import { workerUrl } from '../review/worker-url.ts';
import { recordingIdProperty } from './recording-id.ts';
import { RecordingSource } from './recording-source.ts';
import { reviewWords } from './review-strings.ts';
import { failureNote } from './states.ts';
import type { ApiFailure } from './stats-api.ts';
import { StatsElement } from './stats-element.ts';
import { Surface } from './surface.ts';

export abstract class ReviewElement extends StatsElement {
  static override properties: PropertyDeclarations = {
    ...StatsElement.properties,
    recording: { attribute: false },
    recordingId: recordingIdProperty,
    session: { type: Number },
    range: { attribute: false },
    review: { attribute: false },
  };

  /** A capture handed in; nothing is asked for then. */
  declare recording: Capture | undefined;
  /** A recording to read, with its frames. */
  declare recordingId: string | undefined;
  /** Which session of the recording; the first by default. */
  declare session: number | undefined;
  /** The part of the recording's clock that is chosen; undefined: all of it. */
  declare range: Range | undefined;
  /** Every frame of a recording handed in, from `openReview`; without it there is only a sentence. */
  declare review: ReviewClient | undefined;

  protected readonly surface = new Surface(this);
  readonly #source = new RecordingSource(this, () => ({
    api: this.client,
    given: this.recording,
    id: this.recordingId,
  }));
  readonly #review = new ReviewSource(this, () => ({
    api: this.client,
    // Who is given a recording is given its review too, when the page around has it.
    capture:
      this.recordingId === undefined || this.review !== undefined
        ? undefined
        : this.#source.capture,
    frames: undefined,
    workerUrl,
  }));

  protected override surroundingsChanged(): void {
    this.surface.forget();
    super.surroundingsChanged();
  }

  /** The review to ask: the one handed in, else one of its own. */
  protected get reviewed(): ReviewClient | undefined {
    return this.review ?? this.#review.client;
  }

  protected get capture(): Capture | undefined {
    return this.#source.capture;
  }

  /** The session that is shown; undefined without frames of it. */
  protected get facts(): SessionFacts | undefined {
    const { capture } = this;
    if (capture === undefined) return undefined;
    const session = this.session ?? sessionIds(capture)[0];
    const found = this.reviewed?.sessions.find(({ sessionId }) => sessionId === session);
    return found === undefined || found.rows === 0 ? undefined : found;
  }

  /** What a frame is told apart into: known before its frames are. */
  protected get parts(): readonly PartName[] {
    const { capture } = this;
    const session = this.session ?? (capture === undefined ? undefined : sessionIds(capture)[0]);
    const own = capture?.sessions?.find(({ session_id }) => session_id === session);
    const kind = own?.kind ?? capture?.meta.kind;
    return this.facts?.parts ?? partsOf(kind === 'native' ? 'native' : 'gamestream');
  }

  /** What is asked about; undefined while nothing can be. */
  protected asked(frames: 'all' | 'new'): AskedRange | undefined {
    const { capture, facts } = this;
    if (capture === undefined || facts === undefined) return undefined;
    const { fromMs, toMs } = this.range ?? wholeOf(capture);
    return { session: facts.sessionId, fromMs, toMs, frames };
  }

  /** There are no figures, and none are on their way: a sentence stands in their place. */
  protected get isBare(): boolean {
    return this.facts === undefined && !this.#isReading;
  }

  get #failure(): ApiFailure | undefined {
    return this.#source.failure ?? this.#review.failure;
  }

  get #isReading(): boolean {
    if (this.#failure !== undefined) return false;
    if (this.#source.loading) return true;
    // Beside a recording handed in nothing is read, unless it is named too.
    if (this.recordingId === undefined || this.reviewed !== undefined) return false;
    return this.#frameCount > 0;
  }

  get #frameCount(): number {
    return this.capture?.meta.frame_count ?? 0;
  }

  /** Said in the head while frames are read, where it moves nothing. */
  protected get reading(): string {
    const t = reviewWords[this.language];
    if (!this.#isReading) return '';
    const { share = 0 } = this.#review;
    return share === 0 ? t.reading : t.readingShare(this.format.count(share * 100));
  }

  /** In place of the content: why there is none. Beside it: why it is old. */
  protected renderState(): unknown {
    const t = reviewWords[this.language];
    const note = failureNote(this.#failure, this.format);
    if (note !== nothing) return html`<div class="state">${note}</div>`;
    if (!this.isBare) return nothing;
    if (this.capture === undefined) return said(t.noRecording);
    if (this.reviewed?.sessions.some(({ rows }) => rows > 0) === true) return said(t.notOfSession);
    if (this.#frameCount === 0) return said(t.noFrames);
    const lacks = t.notHere(this.format.count(this.#frameCount));
    if (this.reviewed !== undefined) return said(lacks);
    return said(
      lacks,
      html`${t.handIn} <code>review</code>, ${t.orNames} <code>recording-id</code>.`,
    );
  }
}

function said(sentence: string, more?: TemplateResult): TemplateResult {
  const rest = more === undefined ? nothing : html`<p class="note t2">${more}</p>`;
  return html`<div class="state"><p class="note">${sentence}</p>${rest}</div>`;
}

/** To the end of what was recorded, the last window included. */
function wholeOf({ meta, samples }: Capture): Range {
  return { fromMs: 0, toMs: Math.max(meta.duration_ms, samples.at(-1)?.t_ms ?? 0) };
}
