// What deserves attention in a stream, found in its frames and its receiver's reports: the one place that knows the
// thresholds. A recording makes events of it, the black box saves itself. Pure; looks at a moment a grace after it.
import { ABSENT, type FrameBatch } from './frames.ts';
import type { ReceiverTotals, SmallInput } from './inputs.ts';
import { GRACE_US, isDropped, PendingRows, SENT } from './windows.ts';

export const triggerLimits = {
  /** No frame was handed to the kernel for longer; at fewer than 4 fps for two of its intervals. */
  freezeUs: 500_000,
  /** A receiver told of so many lost packets since its last report … */
  lossPackets: 20,
  /** … or of such a share of what was sent since. */
  lossShare: 0.05,
  dropsInRow: 5,
} as const;

export type TriggerReason = 'freeze' | 'loss_burst' | 'drops';

export interface Trigger {
  readonly reason: TriggerReason;
  readonly atNs: bigint;
  readonly sessionId: number;
}

/** What a recording tells of it: a freeze when it is over, at the time when it began. */
export interface DetectedEvent {
  readonly kind: 'freeze' | 'loss_burst';
  readonly atUs: number;
  readonly sessionId: number;
  readonly detail: Readonly<Record<string, number>>;
}

export class TriggerDetector {
  readonly #originNs: bigint;
  readonly #tell: (event: DetectedEvent) => void;
  readonly #watches = new Map<number, Watch>();

  /** `originNs`: where the axis of the batches begins. `tell` hears of events during `advance` and `finish`. */
  constructor(originNs: bigint, tell: (event: DetectedEvent) => void = () => {}) {
    this.#originNs = originNs;
    this.#tell = tell;
  }

  /** Takes frames in whatever order; those of sessions that were not announced say nothing. */
  frames(batch: FrameBatch): void {
    const { session } = batch.columns;
    let id = ABSENT;
    let watch: Watch | undefined;
    for (let row = 0; row < batch.length; row += 1) {
      const of = session[row] ?? ABSENT;
      if (of !== id) {
        id = of;
        watch = this.#watches.get(of);
      }
      watch?.rows.push(batch, row);
    }
  }

  /** Sessions, their ends and receivers' reports; all else says nothing. */
  input(input: SmallInput): void {
    const atUs = this.#us(input.atNs);
    if (input.kind === 'session') {
      const { sessionId, fps } = input.session;
      const known = this.#watches.get(sessionId);
      if (known === undefined || known.hasEnded) this.#watches.set(sessionId, new Watch(fps));
      else known.fps = fps;
    } else if (input.kind === 'session_ended') this.end(input.sessionId, atUs);
    else if (input.kind === 'receiver') {
      this.#watches.get(input.sessionId)?.report(atUs, input.totals);
    }
  }

  /** Nothing more is to be expected of a session: that is no freeze. */
  end(sessionId: number, atUs: number): void {
    this.#watches.get(sessionId)?.end(atUs);
  }

  /** What was found since the last call, in order of time. */
  advance(nowNs: bigint): Trigger[] {
    return this.#look(this.#us(nowNs) - GRACE_US);
  }

  /** The recording is over: a freeze that lasts has lasted until now. */
  finish(nowNs: bigint): Trigger[] {
    const nowUs = this.#us(nowNs);
    for (const watch of this.#watches.values()) watch.end(nowUs);
    return this.#look(Number.POSITIVE_INFINITY);
  }

  #look(limitUs: number): Trigger[] {
    const triggers: { reason: TriggerReason; atUs: number; sessionId: number }[] = [];
    for (const [sessionId, watch] of this.#watches) {
      watch.look(limitUs, {
        trigger: (reason, atUs) => triggers.push({ reason, atUs, sessionId }),
        event: (kind, atUs, detail) => this.#tell({ kind, atUs, sessionId, detail }),
      });
      if (watch.isOver) this.#watches.delete(sessionId);
    }
    triggers.sort((a, b) => a.atUs - b.atUs);
    return triggers.map(({ reason, atUs, sessionId }) => {
      const atNs = this.#originNs + BigInt(Math.round(atUs)) * 1000n;
      return { reason, atNs, sessionId };
    });
  }

  #us(atNs: bigint): number {
    return Math.round(Number(atNs - this.#originNs) / 1000);
  }
}

interface Found {
  trigger(reason: TriggerReason, atUs: number): void;
  event(kind: DetectedEvent['kind'], atUs: number, detail: DetectedEvent['detail']): void;
}

/** One session. */
class Watch {
  fps: number;
  readonly rows = new PendingRows();
  #reports: { readonly atUs: number; readonly totals: ReceiverTotals }[] = [];
  #endUs: number | undefined;
  #isOver = false;
  /** When the last frame was in the kernel whole. */
  #lastSentUs: number | undefined;
  #freezeTold = false;
  #drops = 0;
  /** Datagrams of frames, by when the last of each was sent; taken from the front. */
  #sentAtUs: number[] = [];
  #sentPackets: number[] = [];
  #sentSinceReport = 0;
  #lost: number | undefined;
  #lastReportUs: number | undefined;

  constructor(fps: number) {
    this.fps = fps;
  }

  get hasEnded(): boolean {
    return this.#endUs !== undefined;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  report(atUs: number, totals: ReceiverTotals): void {
    if (totals.packetsLost !== undefined) this.#reports.push({ atUs, totals });
  }

  end(atUs: number): void {
    this.#endUs ??= atUs;
  }

  /** Judges everything before `limitUs`; later calls must not look further back. */
  look(limitUs: number, found: Found): void {
    const due = this.#reports.filter(({ atUs }) => atUs < limitUs);
    if (due.length > 0) this.#reports = this.#reports.filter(({ atUs }) => atUs >= limitUs);
    for (const { atUs, totals } of due) {
      this.#frames(atUs, found);
      this.#judge(atUs, totals.packetsLost ?? 0, found);
    }
    this.#frames(limitUs, found);
    this.#countSent(limitUs);
    const endUs = this.#endUs;
    if (endUs !== undefined && endUs <= limitUs) {
      this.#until(endUs, found, 'over');
      this.#isOver = true;
    } else this.#until(limitUs, found, 'lasting');
  }

  #frames(beforeUs: number, found: Found): void {
    const count = this.rows.sortedBefore(beforeUs);
    for (let i = 0; i < count; i += 1) this.#frame(this.rows.batch(i), this.rows.row(i), found);
    this.rows.drop(count);
  }

  #frame({ grabbed_us, columns }: FrameBatch, row: number, found: Found): void {
    const grabbedUs = grabbed_us[row] ?? 0;
    const outcome = columns.outcome[row] ?? ABSENT;
    // Seen from its first frame on: the receiver's totals began at zero with it.
    if (columns.frame_index[row] === 1) this.#lost ??= 0;
    if (isDropped(outcome)) {
      this.#drops += 1;
      if (this.#drops === triggerLimits.dropsInRow) found.trigger('drops', grabbedUs);
      return;
    }
    const lastSentUs = columns.last_sent_us[row] ?? ABSENT;
    if (outcome !== SENT || lastSentUs === ABSENT) return;
    this.#drops = 0;
    const atUs = grabbedUs + lastSentUs;
    this.#until(atUs, found, 'over');
    this.#lastSentUs = Math.max(atUs, this.#lastSentUs ?? atUs);
    const data = Math.max(0, columns.data_packets[row] ?? 0);
    const parity = Math.max(0, columns.parity_packets[row] ?? 0);
    const refused = Math.max(0, columns.send_refused[row] ?? 0);
    this.#sentAtUs.push(atUs);
    this.#sentPackets.push(Math.max(0, data + parity - refused));
  }

  /** No frame was sent until `us`: either it lasts, or it is over then. */
  #until(us: number, found: Found, state: 'lasting' | 'over'): void {
    const since = this.#lastSentUs;
    if (since === undefined) return;
    const limitUs = Math.max(triggerLimits.freezeUs, 2e6 / Math.max(1, this.fps));
    if (us - since > limitUs) {
      if (!this.#freezeTold) found.trigger('freeze', since + limitUs);
      this.#freezeTold = true;
      if (state === 'over') found.event('freeze', since, { ms: Math.round((us - since) / 1000) });
    }
    if (state === 'over') this.#freezeTold = false;
  }

  #judge(atUs: number, lost: number, found: Found): void {
    this.#countSent(atUs);
    const since = this.#lost === undefined ? 0 : lost - this.#lost;
    const share = triggerLimits.lossShare * this.#sentSinceReport;
    if (since >= triggerLimits.lossPackets || (share > 0 && since >= share)) {
      const detail: Record<string, number> = { packets_lost: since };
      if (this.#lastReportUs !== undefined) {
        detail['interval_ms'] = Math.round((atUs - this.#lastReportUs) / 1000);
      }
      found.trigger('loss_burst', atUs);
      found.event('loss_burst', atUs, detail);
    }
    this.#lost = lost;
    this.#lastReportUs = atUs;
    this.#sentSinceReport = 0;
  }

  /** Counts what was sent at `us` or before. */
  #countSent(us: number): void {
    let taken = 0;
    while (taken < this.#sentAtUs.length && (this.#sentAtUs[taken] ?? 0) <= us) {
      this.#sentSinceReport += this.#sentPackets[taken] ?? 0;
      taken += 1;
    }
    this.#sentAtUs.splice(0, taken);
    this.#sentPackets.splice(0, taken);
  }
}
