// A live capture as its sessions, kept in step with what arrives: a tick costs what is new, however long the capture is.
// Pure: captures in, plain values out.
import type { Capture, CaptureEvent, SessionEntry, StatsSample } from '../../contract/stats.ts';
import {
  type Finding,
  type Findings,
  findingsOf,
  type SlowFinding,
} from '../../recording/src/review/findings.ts';
import { sessionFps } from '../chart/sessions.ts';
import { startOf, WindowSums } from '../chart/window-sums.ts';
import { WindowsSoFar } from './rows-so-far.ts';

/** One session of the capture that grows. */
export class SessionSoFar {
  readonly id: number;
  readonly samples: StatsSample[] = [];
  readonly sums = new WindowSums();
  /** For its row among the others. */
  readonly windows = new WindowsSoFar();
  /** What the host says of it, as it said it last. */
  entry: SessionEntry | undefined;
  readonly fps: number | undefined;
  readonly budgetMs: number;
  readonly #slow: SlowFinding[] = [];
  /** What windows and events tell besides late frames, and of how many events; undefined: to be looked for again. */
  #rest: { readonly found: Findings; readonly events: number } | undefined;

  constructor(id: number, fps: number | undefined) {
    this.id = id;
    this.fps = fps;
    this.budgetMs = fps === undefined ? Number.POSITIVE_INFINITY : 1000 / fps;
  }

  /** End of the newest window. */
  get endMs(): number {
    return this.samples.at(-1)?.t_ms ?? 0;
  }

  /** Stretches without a window. */
  get gaps(): number {
    return this.windows.gaps.length;
  }

  add(sample: StatsSample): void {
    const before = this.samples.at(-1);
    const lengthMs = sample.window_ms ?? 1000;
    const fromMs = before?.t_ms ?? Number.POSITIVE_INFINITY;
    const toMs = startOf(sample);
    this.windows.add(sample, toMs - fromMs > lengthMs * 0.75 ? { fromMs, toMs } : undefined);
    this.samples.push(sample);
    this.sums.add(sample, this.budgetMs);
    this.#judge(sample);
    // Only such a window can begin a finding or lengthen one: a steady hour is not searched again and again.
    if ((sample.packets_dropped ?? 0) > 0 || sample.repeat_fps > 0) this.#rest = undefined;
  }

  /** The worst first, as a finished recording has them; which stage had the time is known of the slowest frame alone. */
  findings(events: readonly CaptureEvent[]): Findings {
    const { samples, id: sessionId, fps = 0 } = this;
    if (this.#rest?.events !== events.length) this.#rest = undefined;
    this.#rest ??= {
      found: findingsOf({ table: undefined, samples, events, sessionId, fps }),
      events: events.length,
    };
    const rest = this.#rest.found;
    const slow = this.#slow.filter((one) => this.#isWorthIt(one));
    const findings: Finding[] = [...slow, ...rest.findings.filter((one) => !isSeen(one, slow))];
    findings.sort((a, b) => b.harmUs - a.harmUs || a.fromMs - b.fromMs);
    const held = slow.reduce((sum, one) => sum + one.late, 0);
    const { judged: frames, late = 0 } = this.sums;
    return { ...rest, findings, frames, late, lateOutside: late - held };
  }

  /** Windows with late frames that lie close together make one finding. */
  #judge(sample: StatsSample): void {
    const { frames_late: late = 0, total_max_us: worstUs = 0, t_ms: toMs } = sample;
    if (late === 0) return;
    const fromMs = startOf(sample);
    const budgetUs = this.budgetMs * 1000;
    const own: SlowFinding = {
      ...{ kind: 'slow', sessionId: this.id, fromMs, toMs, late, worstUs, worstRow: -1 },
      ...{ certainty: 'undecided', share: undefined, part: sample.total_max_stage },
      ...{ partWorstUs: undefined, partUsualUs: undefined },
      // What windows know of it: the slowest frame, and that the others lay at most that far over.
      harmUs: Math.max(
        worstUs - budgetUs,
        late * Math.max(0, (sample.total_p99_us ?? worstUs) - budgetUs),
      ),
      dropped: sample.frames_dropped ?? 0,
    };
    const last = this.#slow.at(-1);
    if (last === undefined || fromMs - last.toMs > CLOSE_MS) this.#slow.push(own);
    else this.#slow[this.#slow.length - 1] = joined(last, own);
  }

  #isWorthIt({ late, worstUs }: SlowFinding): boolean {
    return late >= FEWEST_LATE || worstUs >= FAR_BUDGETS * this.budgetMs * 1000;
  }
}

export class SoFar {
  readonly #sessions = new Map<number, SessionSoFar>();
  #samples: readonly StatsSample[] = [];
  #taken = 0;
  #startedUnixMs = 0;
  #changes = 0;

  /** Session ids in order of their coming. */
  readonly ids: number[] = [];

  /** In order of their coming. */
  get sessions(): readonly SessionSoFar[] {
    return [...this.#sessions.values()];
  }

  /** Counts sessions that came and what the host said of them, their end with it. */
  get changes(): number {
    return this.#changes;
  }

  session(id: number | undefined): SessionSoFar | undefined {
    return id === undefined ? undefined : this.#sessions.get(id);
  }

  /** Takes what the capture holds more than before; all of it when it is another one. */
  take(capture: Capture): void {
    const { samples, meta } = capture;
    const isSame = samples === this.#samples && meta.started_unix_ms === this.#startedUnixMs;
    if (!isSame) {
      this.#sessions.clear();
      this.ids.length = 0;
      this.#taken = 0;
      this.#samples = samples;
      this.#startedUnixMs = meta.started_unix_ms;
    }
    for (const entry of capture.sessions ?? []) {
      const own = this.#of(entry.session_id, capture);
      if (own.entry !== entry) this.#changes += 1;
      own.entry = entry;
    }
    for (; this.#taken < samples.length; this.#taken += 1) {
      const sample = samples[this.#taken];
      if (sample !== undefined) this.#of(sample.session_id, capture).add(sample);
    }
  }

  #of(id: number, capture: Capture): SessionSoFar {
    let own = this.#sessions.get(id);
    if (own === undefined) {
      own = new SessionSoFar(id, sessionFps(capture, id));
      this.#sessions.set(id, own);
      this.ids.push(id);
      this.#changes += 1;
    }
    return own;
  }
}

/** The session that came last and still streams; else the last. */
export function newestSession(
  ids: readonly number[],
  entries: readonly SessionEntry[] = [],
): number | undefined {
  const ended = new Set(
    entries.filter((one) => one.ended_t_ms !== undefined).map((one) => one.session_id),
  );
  return ids.findLast((id) => !ended.has(id)) ?? ids.at(-1);
}

function joined(a: SlowFinding, b: SlowFinding): SlowFinding {
  const worse = b.worstUs > a.worstUs ? b : a;
  return {
    ...worse,
    ...{ fromMs: a.fromMs, toMs: b.toMs, late: a.late + b.late, harmUs: a.harmUs + b.harmUs },
    dropped: a.dropped + b.dropped,
  };
}

/** A freeze whose late frame is told already is the same thing seen twice. */
function isSeen(finding: Finding, slow: readonly SlowFinding[]): boolean {
  if (finding.kind !== 'freeze') return false;
  return slow.some((one) => one.fromMs <= finding.toMs && one.toMs >= finding.fromMs);
}

/** As in recording/src/review/findings.ts. */
const CLOSE_MS = 3000;
const FEWEST_LATE = 3;
const FAR_BUDGETS = 4;
