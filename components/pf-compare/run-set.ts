// The runs of a comparison together: which there are, where each lies on the axis, what is drawn of each and what its
// figures are. Reads them through slots; how they are shown is the element's business.
import type { ReactiveControllerHost } from 'lit';
import type { Capture } from '../../contract/stats.ts';
import type { PartName } from '../../recording/src/review/frame-table.ts';
import type { StatsApi } from '../base/stats-api.ts';
import type { Range } from '../chart/grid.ts';
import type { Quantile } from '../chart/latency.ts';
import type { ReviewClient } from '../review/review-client.ts';
import {
  type Alignment,
  axisOf,
  commonMarkers,
  offsetsOf,
  type Placed,
  shiftsOf,
} from './alignment.ts';
import { commonParts, type Part, peakOf, valueAt, worstIn } from './columns.ts';
import { type RunFigures, runFigures, withinOf } from './differences.ts';
import type { DrawnRun, Look } from './draw.ts';
import { letterOf, MOST_RUNS } from './look.ts';
import { RunSource, type RunWish } from './run-source.ts';

/** What is compared and looked at: properties of the element. */
export interface RunView {
  readonly recordings: readonly Capture[] | undefined;
  readonly reviews: readonly (ReviewClient | undefined)[] | undefined;
  readonly recordingIds: readonly string[] | undefined;
  readonly sessions: readonly (number | undefined)[] | undefined;
  readonly align: Alignment['kind'];
  readonly marker: string | undefined;
  readonly shiftsMs: readonly number[] | undefined;
  readonly quantile: Quantile;
  readonly stage: Part;
  readonly frames: 'all' | 'new';
  readonly brush: Range | undefined;
  /** The part of the axis that is shown. */
  readonly shown: Range;
}

/** What else is needed, as it is at the moment. */
export interface RunMeans {
  readonly api: () => StatsApi;
  /** So many columns at most; 0 while nothing can be drawn. */
  readonly most: () => number;
}

type Host = ReactiveControllerHost & { readonly isConnected: boolean };

export class RunSet {
  readonly #view: RunView;
  readonly #means: RunMeans;
  readonly #slots: readonly RunSource[];

  constructor(host: Host, view: RunView, means: RunMeans) {
    this.#view = view;
    this.#means = means;
    this.#slots = Array.from(
      { length: MOST_RUNS },
      (_, run) => new RunSource(host, this.#wishOf(run)),
    );
  }

  get count(): number {
    const { recordings, recordingIds } = this.#view;
    return Math.min(MOST_RUNS, (recordings ?? recordingIds)?.length ?? 0);
  }

  get used(): readonly RunSource[] {
    return this.#slots.slice(0, this.count);
  }

  get places(): readonly (Placed | undefined)[] {
    return this.used.map(({ place }) => place);
  }

  /** What is added to the times of each to come to the axis, ms. */
  get offsets(): readonly number[] {
    return offsetsOf(this.places, this.alignment);
  }

  /** How far each lies behind where its start would be, ms. */
  get shifts(): readonly number[] {
    return shiftsOf(this.places, this.offsets);
  }

  /** From the first start to the last end. */
  get full(): Range {
    return axisOf(this.places, this.offsets);
  }

  /** What besides the total can be compared. */
  get parts(): readonly PartName[] {
    return commonParts(this.used.map(({ parts }) => parts).filter(({ length }) => length > 0));
  }

  /** What is told: the one that was wished, as far as it can be compared. */
  get part(): Part {
    const { stage } = this.#view;
    return this.parts.find((part) => part === stage) ?? 'total';
  }

  /** They are of both paths. */
  get isMixed(): boolean {
    const parts = this.used.map((run) => run.parts).filter(({ length }) => length > 0);
    return new Set(parts.map((own) => own.join())).size > 1;
  }

  get markers(): readonly string[] {
    return commonMarkers(this.places);
  }

  /** As it was wished, as far as the recordings allow. */
  get alignment(): Alignment {
    const { align, marker, shiftsMs = [] } = this.#view;
    if (align === 'hand') return { kind: 'hand', shiftsMs };
    // The one that was named, where all have it; else the first that all have.
    const { markers } = this;
    const text = markers.find((one) => one === marker) ?? markers[0];
    return align === 'marker' && text !== undefined ? { kind: 'marker', text } : { kind: 'start' };
  }

  /** The one whose clock is the axis stays where it is. */
  isShifted(run: number): boolean {
    const { places } = this;
    return places[run] !== undefined && places.findIndex((one) => one !== undefined) !== run;
  }

  /** A run each, in order, as it is drawn. */
  drawn(looks: readonly Look[]): readonly DrawnRun[] {
    const { offsets } = this;
    return this.used.map((run, i) => ({
      look: looks[i] ?? { letter: letterOf(i), colour: '', dash: [] },
      offsetMs: offsets[i] ?? 0,
      place: run.place,
      columns: this.#columns(i),
      budgetMs: run.budgetMs,
      isHeld: this.isShifted(i),
    }));
  }

  /** Of each over the chosen range; undefined until they are known. */
  get figures(): readonly (RunFigures | undefined)[] {
    const { offsets } = this;
    const { brush } = this.#view;
    const { part } = this;
    return this.used.map((run, i) => {
      const { place, told } = run;
      if (place === undefined || run.isReading || (run.hasFrames && told === undefined)) {
        return undefined;
      }
      // Figures that are still those of the range before are told with its length.
      const within =
        told === undefined
          ? withinOf(place, offsets[i] ?? 0, brush)
          : withinOf(place, 0, told.range);
      const { samples, parts } = run;
      const quantiles = told?.figures.quantiles;
      const { spread } = run;
      return runFigures({ quantiles, samples, part, parts, spread, within });
    });
  }

  valueAt(run: number, atMs: number): number | undefined {
    return valueAt(this.#columns(run), atMs - (this.offsets[run] ?? 0));
  }

  /** The worst frame of the column at a time. */
  worstAt(run: number, atMs: number): number | undefined {
    const own = atMs - (this.offsets[run] ?? 0);
    return worstIn(this.#columns(run), own, own + 1e-6);
  }

  /** Where the worst frame of all is. */
  get peakMs(): number | undefined {
    const { offsets } = this;
    let found: { readonly atMs: number; readonly ms: number } | undefined;
    for (const [i, offset] of offsets.entries()) {
      const columns = this.#columns(i);
      const peak = columns === undefined ? undefined : peakOf(columns);
      if (peak === undefined || (found !== undefined && peak.ms <= found.ms)) continue;
      found = { atMs: peak.atMs + offset, ms: peak.ms };
    }
    return found?.atMs;
  }

  #columns(run: number) {
    const { quantile } = this.#view;
    return this.used[run]?.columns(this.part, quantile === 'p99' ? 'p99' : 'p50');
  }

  /** Getters: what is asked of one depends on where the others lie, and must not be looked up before that is known. */
  #wishOf(run: number): () => RunWish {
    const view = this.#view;
    const means = this.#means;
    const own = ({ fromMs, toMs }: Range): Range => {
      const offset = this.offsets[run] ?? 0;
      return { fromMs: whole(fromMs - offset), toMs: whole(toMs - offset) };
    };
    const within = (): Range | undefined => {
      const place = this.places[run];
      if (place === undefined) return undefined;
      return withinOf(place, this.offsets[run] ?? 0, view.brush);
    };
    const wish: RunWish = {
      get api() {
        return means.api();
      },
      get given() {
        return view.recordings?.[run];
      },
      get review() {
        return view.reviews?.[run];
      },
      get id() {
        return view.recordings === undefined ? view.recordingIds?.[run] : undefined;
      },
      get session() {
        return view.sessions?.[run];
      },
      get frames() {
        return view.frames === 'new' ? 'new' : 'all';
      },
      get shown() {
        const most = means.most();
        return most > 0 ? { range: own(view.shown), most } : undefined;
      },
      get chosen() {
        if (view.brush === undefined) return undefined;
        const { fromMs, toMs } = own(view.brush);
        return { fromMs: Math.max(0, fromMs), toMs: Math.max(0, toMs) };
      },
      get within() {
        return within();
      },
    };
    return () => wish;
  }
}

/** To the µs that frames have. */
const whole = (ms: number): number => Math.round(ms * 1000) / 1000;
