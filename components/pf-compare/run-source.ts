// One recording of a comparison: read when it is wanted, its frames under review where it has some, and what is asked
// about it answered. A slot: which recording it holds may change, or be none.
import type { ReactiveControllerHost } from 'lit';
import type { Capture, StatsSample } from '../../contract/stats.ts';
import { type PartName, partsOf } from '../../recording/src/review/frame-table.ts';
import type {
  Range as AskedRange,
  Figures,
  SessionFacts,
} from '../../recording/src/review/review.ts';
import { RecordingSource } from '../base/recording-source.ts';
import type { ApiFailure, StatsApi } from '../base/stats-api.ts';
import type { Range } from '../chart/grid.ts';
import { budgetMs, type Quantile } from '../chart/latency.ts';
import { sessionFps, sessionIds } from '../chart/sessions.ts';
import { Asked } from '../review/asked.ts';
import type { ReviewClient } from '../review/review-client.ts';
import { ReviewSource } from '../review/review-source.ts';
import { workerUrl } from '../review/worker-url.ts';
import { type Placed, placeOf } from './alignment.ts';
import { type Columns, ofOverview, ofWindows, type Part } from './columns.ts';
import { type Spread, spreadOf } from './differences.ts';

type Host = ReactiveControllerHost & { readonly isConnected: boolean };

export interface RunWish {
  readonly api: StatsApi;
  /** Handed in: nothing is asked for then. */
  readonly given: Capture | undefined;
  readonly review: ReviewClient | undefined;
  /** Undefined, and nothing given: the slot is empty. */
  readonly id: string | undefined;
  /** Which session; the first by default. */
  readonly session: number | undefined;
  readonly frames: 'all' | 'new';
  /** What is shown, on the run's own clock, in how many columns; undefined while nothing can be drawn. */
  readonly shown: { readonly range: Range; readonly most: number } | undefined;
  /** What figures are told of, on the run's own clock; undefined: all of it. */
  readonly chosen: Range | undefined;
  /** What of the session lies in that. */
  readonly within: Range | undefined;
}

export class RunSource {
  readonly #wish: () => RunWish;
  readonly #source: RecordingSource;
  readonly #review: ReviewSource;
  readonly #overview: Asked<'overview'>;
  readonly #figures: Asked<'figures'>;
  readonly #stretches: Asked<'overview'>;
  readonly #first: Asked<'strip'>;
  #columns: { readonly key: readonly unknown[]; readonly made: Columns | undefined } | undefined;
  #place: { readonly key: readonly unknown[]; readonly made: Placed } | undefined;
  #samples: { readonly key: readonly unknown[]; readonly made: readonly StatsSample[] } | undefined;

  constructor(host: Host, wish: () => RunWish) {
    this.#wish = wish;
    this.#source = new RecordingSource(host, wish);
    this.#review = new ReviewSource(host, () => {
      const { api, given, review } = wish();
      const isOwn = given === undefined && review === undefined;
      return { api, capture: isOwn ? this.capture : undefined, frames: undefined, workerUrl };
    });
    this.#first = new Asked(host, 'strip', () => {
      const { client, facts } = this;
      return client && facts ? { client, args: [facts.sessionId, 0, 1] } : undefined;
    });
    this.#overview = new Asked(host, 'overview', () => {
      const { client, facts } = this;
      const { shown } = wish();
      if (client === undefined || facts === undefined || shown === undefined) return undefined;
      return { client, args: [this.#asked(facts, shown.range), shown.most] };
    });
    this.#stretches = new Asked(host, 'overview', () => {
      const { client, facts } = this;
      const { within } = wish();
      if (client === undefined || facts === undefined || within === undefined) return undefined;
      return { client, args: [this.#asked(facts, within), STRETCHES] };
    });
    this.#figures = new Asked(host, 'figures', () => {
      const { client, facts } = this;
      if (client === undefined || facts === undefined) return undefined;
      return { client, args: [this.#asked(facts, this.#chosen)] };
    });
  }

  /** The slot holds a recording, read or not. */
  get isUsed(): boolean {
    const { given, id } = this.#wish();
    return given !== undefined || id !== undefined;
  }

  get capture(): Capture | undefined {
    return this.#source.capture;
  }

  get session(): number | undefined {
    const { capture } = this;
    const wanted = this.#wish().session;
    const ids = capture === undefined ? [] : sessionIds(capture);
    return ids.find((id) => id === wanted) ?? ids[0];
  }

  /** Windows of the session. */
  get samples(): readonly StatsSample[] {
    const { capture, session } = this;
    const key = [capture, session];
    if (this.#samples === undefined || !isSame(this.#samples.key, key)) {
      const made = capture?.samples.filter(({ session_id }) => session_id === session) ?? [];
      this.#samples = { key, made };
    }
    return this.#samples.made;
  }

  get parts(): readonly PartName[] {
    const { capture, session, facts } = this;
    if (facts !== undefined) return facts.parts;
    const entry = capture?.sessions?.find(({ session_id }) => session_id === session);
    const kind = entry?.kind ?? capture?.meta.kind;
    return kind === undefined || kind === '' ? [] : partsOf(kind);
  }

  get budgetMs(): number | undefined {
    const { capture, session } = this;
    return capture === undefined ? undefined : budgetMs(sessionFps(capture, session));
  }

  get place(): Placed | undefined {
    const { capture, session, facts } = this;
    if (capture === undefined || session === undefined) return undefined;
    const first = facts === undefined ? undefined : this.#first.answer?.atMs[0];
    const key = [capture, session, first];
    if (this.#place === undefined || !isSame(this.#place.key, key)) {
      this.#place = { key, made: placeOf(capture, session, first) };
    }
    return this.#place.made;
  }

  /** There are single frames of the session. */
  get hasFrames(): boolean {
    return this.facts !== undefined;
  }

  get failure(): ApiFailure | undefined {
    return this.#source.failure ?? this.#review.failure;
  }

  /** Why there are no figures although there are frames. */
  get trouble(): string | undefined {
    return this.#figures.failure ?? this.#overview.failure;
  }

  get isReading(): boolean {
    if (!this.isUsed || this.failure !== undefined) return false;
    const { capture } = this;
    if (capture === undefined) return this.#source.loading;
    const { given, review } = this.#wish();
    if (given !== undefined || review !== undefined) return false;
    return this.client === undefined && (capture.meta.frame_count ?? 0) > 0;
  }

  /** How much of the frames is read, 0 to 1. */
  get share(): number | undefined {
    return this.#review.share;
  }

  /** With the range that they were asked for; undefined until they are known, and for a run without frames. */
  get told(): { readonly figures: Figures; readonly range: Range } | undefined {
    const figures = this.facts === undefined ? undefined : this.#figures.answer;
    const [range] = this.#figures.answeredArgs ?? [];
    return figures === undefined || range === undefined ? undefined : { figures, range };
  }

  /** How much its totals vary by themselves; undefined until that is known. */
  get spread(): Spread | undefined {
    const overview = this.facts === undefined ? undefined : this.#stretches.answer;
    return overview === undefined ? undefined : spreadOf(overview);
  }

  /** What is drawn of it; undefined until it is known. */
  columns(part: Part, quantile: Quantile): Columns | undefined {
    const { shown } = this.#wish();
    if (this.isReading || this.capture === undefined) return undefined;
    const overview = this.facts === undefined ? undefined : this.#overview.answer;
    const { fromMs, toMs } = shown?.range ?? NOTHING;
    const windows = this.facts === undefined ? [this.samples, fromMs, toMs, shown?.most] : [];
    const key = [overview, part, quantile, ...windows];
    if (this.#columns === undefined || !isSame(this.#columns.key, key)) {
      this.#columns = { key, made: this.#made(part, quantile) };
    }
    return this.#columns.made;
  }

  #made(part: Part, quantile: Quantile): Columns | undefined {
    const { shown } = this.#wish();
    if (this.facts !== undefined) {
      const overview = this.#overview.answer;
      return overview === undefined ? undefined : ofOverview(overview, this.parts, part, quantile);
    }
    if (shown === undefined) return undefined;
    return ofWindows(this.samples, shown.range, shown.most, part, quantile);
  }

  get client(): ReviewClient | undefined {
    return this.#wish().review ?? this.#review.client;
  }

  get facts(): SessionFacts | undefined {
    const { session } = this;
    const found = this.client?.sessions.find(({ sessionId }) => sessionId === session);
    return found === undefined || found.rows === 0 ? undefined : found;
  }

  get #chosen(): Range {
    const { chosen } = this.#wish();
    const { capture } = this;
    if (chosen !== undefined) return chosen;
    const end = Math.max(capture?.meta.duration_ms ?? 0, capture?.samples.at(-1)?.t_ms ?? 0);
    return { fromMs: 0, toMs: end };
  }

  #asked({ sessionId }: SessionFacts, { fromMs, toMs }: Range): AskedRange {
    return { session: sessionId, fromMs, toMs, frames: this.#wish().frames };
  }
}

function isSame(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((own, i) => own === b[i]);
}

/** Equal ones, at most: enough to see how much a run varies by itself. */
const STRETCHES = 12;
const NOTHING: Range = { fromMs: 0, toMs: 1 };
