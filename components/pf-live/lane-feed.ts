// Hands the lanes of a growing timeline what they draw: all of them in one frame, because every frame costs what it draws
// and as much again, and none that is out of view; those have the newest when they come into view again.
import type { ReactiveController, ReactiveControllerHost } from 'lit';
import type { Capture } from '../../contract/stats.ts';
import type { ChartElement } from '../base/chart-element.ts';
import type { Range } from '../chart/grid.ts';
import type { SessionRow } from '../chart/session-rows.ts';
import { PfSessionLanes } from '../pf-session-lanes/pf-session-lanes.ts';

/** The same for all lanes. */
export interface LaneData {
  readonly recording: Capture;
  readonly session: number | undefined;
  /** Every session: the recording has the windows of the chosen one alone. */
  readonly rows: readonly SessionRow[];
  readonly range: Range;
  readonly cursorMs: number | undefined;
  /** Nothing has come yet. */
  readonly isWaiting: boolean;
}

export class LaneFeed implements ReactiveController {
  readonly #lanes: () => readonly ChartElement[];
  readonly #given = new WeakMap<ChartElement, LaneData>();
  readonly #unseen = new WeakSet<Element>();
  #observer: IntersectionObserver | undefined;
  #observed: readonly ChartElement[] = [];
  #data: LaneData | undefined;
  #frame: number | undefined;

  constructor(host: ReactiveControllerHost, lanes: () => readonly ChartElement[]) {
    this.#lanes = lanes;
    host.addController(this);
  }

  /** What is to be drawn from now on: with the next frame, or at once because a hand is waiting for it. */
  offer(data: LaneData, isAwaited: boolean): void {
    this.#data = data;
    this.#watch();
    if (isAwaited) this.#giveAll();
    else this.#next();
  }

  hostDisconnected(): void {
    if (this.#frame !== undefined) cancelAnimationFrame(this.#frame);
    this.#frame = undefined;
    this.#observer?.disconnect();
    this.#observer = undefined;
    this.#observed = [];
  }

  #watch(): void {
    const lanes = this.#lanes();
    if (this.#observer !== undefined && lanes.every((lane, i) => lane === this.#observed[i]))
      return;
    this.#observer?.disconnect();
    this.#observed = lanes;
    this.#observer = new IntersectionObserver(
      (entries) => {
        for (const { target, isIntersecting } of entries) {
          if (isIntersecting) this.#unseen.delete(target);
          else this.#unseen.add(target);
        }
        this.#next();
      },
      { rootMargin: NEAR },
    );
    for (const lane of lanes) this.#observer.observe(lane);
  }

  #next(): void {
    this.#frame ??= requestAnimationFrame(() => {
      this.#frame = undefined;
      this.#giveAll();
    });
  }

  #giveAll(): void {
    const data = this.#data;
    if (data === undefined) return;
    for (const lane of this.#lanes()) {
      if (!this.#unseen.has(lane) && this.#given.get(lane) !== data) this.#give(lane, data);
    }
  }

  #give(lane: ChartElement, data: LaneData): void {
    this.#given.set(lane, data);
    lane.recording = data.recording;
    lane.session = data.session;
    if (lane instanceof PfSessionLanes) lane.growing = data.rows;
    lane.range = data.range;
    lane.cursorMs = data.cursorMs;
    lane.follow = data.isWaiting;
  }
}

/** What is about to be scrolled into view is drawn when it gets there. */
const NEAR = '120px';
