// Counts over the life of a host, from the same inputs that recordings are made of: for those who scrape. Cumulative,
// bounded however long it runs, and without names: labels are kinds, stages, outcomes and reasons only.
import type { BlackBoxStatus, RecorderFigures, StreamKind } from '../../contract/stats.ts';
import {
  ABSENT,
  decodeRecords,
  type FrameBatch,
  type FrameOutcome,
  frameFlags,
  frameOutcomes,
  outcomeOf,
} from './frames.ts';
import type { CapturedSession, CaptureInput, ReceiverTotals } from './inputs.ts';
import { DurationHistogram, OpenMetricsText } from './open-metrics.ts';
import { Orphans } from './orphans.ts';
import { FrameSpans, stageProjection } from './stages.ts';
import { PendingRows, SENT, SourceCount } from './windows.ts';

/** What others know at the moment of a scrape. */
export interface HostFigures {
  readonly version: string;
  readonly armed: boolean;
  /** Undefined when nothing is recorded. */
  readonly recorder?: RecorderFigures;
  readonly blackBox?: BlackBoxStatus;
}

export class MetricsCounter {
  readonly #kinds: Readonly<Record<StreamKind, KindFigures>> = {
    gamestream: new KindFigures('gamestream'),
    native: new KindFigures('native'),
  };
  /** Living ones, and the latest that ended: frames may come after the news of an end. */
  readonly #sessions = new Map<number, Session>();
  readonly #orphans = new Orphans();
  #lostRecords: number | undefined;
  #suspendedMs: number | undefined;

  take(input: CaptureInput): void {
    switch (input.kind) {
      case 'records':
        this.#frames(decodeRecords(input.bytes, 0n));
        break;
      case 'session':
        this.#announce(input.session);
        break;
      case 'session_ended':
        this.#end(input.sessionId);
        break;
      case 'receiver':
        this.#sessions.get(input.sessionId)?.report(input.totals);
        break;
      case 'records_lost':
        this.#lostRecords = (this.#lostRecords ?? 0) + input.count;
        for (const session of this.#sessions.values()) session.breakCount();
        break;
      case 'suspended':
        this.#suspendedMs = (this.#suspendedMs ?? 0) + input.ms;
        break;
      case 'event':
        break;
    }
  }

  /** OpenMetrics. */
  text(host: HostFigures): string {
    const text = new OpenMetricsText();
    text.gauge('punktfunk_build_info', { version: host.version }, 1);
    for (const kind of kinds) {
      const living = [...this.#sessions.values()].filter(
        (session) => session.kind === kind && !session.hasEnded,
      );
      for (const session of this.#sessions.values()) session.settle();
      const rttsUs = living.flatMap(({ rttUs }) => rttUs ?? []);
      text.gauge('punktfunk_sessions', { kind }, living.length);
      text.gauge(
        'punktfunk_rtt_seconds',
        { kind },
        rttsUs.length === 0 ? undefined : Math.max(...rttsUs) / 1e6,
      );
      this.#kinds[kind].write(text);
    }
    text.counter('punktfunk_lost_records', {}, this.#lostRecords);
    text.counter(
      'punktfunk_suspended_seconds',
      {},
      this.#suspendedMs === undefined ? undefined : this.#suspendedMs / 1000,
    );
    writeHost(text, host);
    return text.text();
  }

  #frames(batch: FrameBatch): void {
    const { session } = batch.columns;
    const unknown: number[] = [];
    for (let row = 0; row < batch.length; row += 1) {
      const known = this.#sessions.get(session[row] ?? ABSENT);
      if (known === undefined) unknown.push(row);
      else known.frame(batch, row);
    }
    if (unknown.length > 0) this.#lost(this.#orphans.add(batch.pick(unknown)).length);
  }

  #lost(count: number): void {
    if (count > 0) this.#lostRecords = (this.#lostRecords ?? 0) + count;
  }

  #announce({ sessionId, kind, fps }: CapturedSession): void {
    const known = this.#sessions.get(sessionId);
    if (known !== undefined && !known.hasEnded) {
      known.fps = fps;
      return;
    }
    const figures = this.#kinds[kind];
    figures.started += 1;
    // At the end of the map: the oldest are forgotten first.
    this.#sessions.delete(sessionId);
    this.#sessions.set(sessionId, new Session(kind, fps, figures));
    const waited = this.#orphans.take(sessionId);
    if (waited !== undefined) this.#frames(waited);
  }

  #end(sessionId: number): void {
    const ended = this.#sessions.get(sessionId);
    if (ended === undefined) return;
    ended.hasEnded = true;
    ended.settle();
    const over = [...this.#sessions].filter(([, { hasEnded }]) => hasEnded);
    for (const [id] of over.slice(0, Math.max(0, over.length - MOST_ENDED))) {
      this.#sessions.delete(id);
    }
  }
}

/** One session, as far as it is needed to count its frames. */
class Session {
  readonly kind: StreamKind;
  fps: number;
  hasEnded = false;
  rttUs: number | undefined;
  readonly #figures: KindFigures;
  #totals: ReceiverTotals = { packetsLost: 0, packetsRecovered: 0, framesNotShown: 0 };
  #sequences = new SourceCount();
  /** Frames that an older one may still precede; sorted before their source's count is followed. */
  readonly #pending = new PendingRows();

  constructor(kind: StreamKind, fps: number, figures: KindFigures) {
    this.kind = kind;
    this.fps = fps;
    this.#figures = figures;
  }

  frame(batch: FrameBatch, row: number): void {
    this.#figures.frame(batch, row, 1e6 / Math.max(1, this.fps));
    if (batch.columns.source_sequence[row] === ABSENT) return;
    this.#pending.push(batch, row);
    if (this.#pending.length >= 2 * REORDER) this.#settle(this.#pending.length - REORDER);
  }

  /** Counts what waits, because somebody looks or nothing more comes. */
  settle(): void {
    this.#settle(this.hasEnded ? this.#pending.length : this.#pending.length - REORDER);
  }

  /** Across lost records nobody knows what was skipped. */
  breakCount(): void {
    this.#settle(this.#pending.length);
    this.#sequences = new SourceCount();
  }

  report(totals: ReceiverTotals): void {
    const before = this.#totals;
    this.#totals = { ...before, ...totals };
    this.#figures.report(before, totals);
    this.rttUs = totals.rttUs ?? this.rttUs;
  }

  #settle(count: number): void {
    if (count <= 0) return;
    this.#pending.sortedBefore(Number.POSITIVE_INFINITY);
    const before = this.#sequences.skipped ?? 0;
    for (let i = 0; i < count; i += 1) {
      const { columns } = this.#pending.batch(i);
      this.#sequences.next(columns.source_sequence[this.#pending.row(i)] ?? ABSENT);
    }
    this.#pending.drop(count);
    this.#figures.skipped = (this.#figures.skipped ?? 0) + (this.#sequences.skipped ?? 0) - before;
  }
}

/** All sessions of one path since the start. Undefined is what nobody has told. */
class KindFigures {
  started = 0;
  skipped: number | undefined;
  readonly #kind: StreamKind;
  readonly #spans: FrameSpans;
  /** One a stage, then the total's. */
  readonly #histograms: readonly DurationHistogram[];
  readonly #outcomes = new Map<FrameOutcome, number>();
  readonly #refused = new Map<string, number>();
  #fresh = 0;
  #repeated = 0;
  #keys = 0;
  #late: number | undefined;
  #bytes = 0;
  #dataPackets = 0;
  #parityPackets = 0;
  #lost: number | undefined;
  #recovered: number | undefined;
  #notShown: number | undefined;

  constructor(kind: StreamKind) {
    this.#kind = kind;
    this.#spans = new FrameSpans(kind);
    this.#histograms = Array.from(
      { length: stageProjection[kind].length + 1 },
      () => new DurationHistogram(),
    );
  }

  frame(batch: FrameBatch, row: number, intervalUs: number): void {
    const { columns } = batch;
    this.#spans.read(batch, row);
    for (let i = 0; i < this.#histograms.length; i += 1) {
      const us = this.#spans.values[i] ?? ABSENT;
      if (us !== ABSENT) this.#histograms[i]?.add(us);
    }
    const outcome = outcomeOf(batch, row);
    this.#outcomes.set(outcome, (this.#outcomes.get(outcome) ?? 0) + 1);
    if (columns.outcome[row] === SENT) {
      this.#bytes += Math.max(0, columns.bytes[row] ?? 0);
      this.#dataPackets += Math.max(0, columns.data_packets[row] ?? 0);
      this.#parityPackets += Math.max(0, columns.parity_packets[row] ?? 0);
    }
    const flags = columns.flags[row] ?? 0;
    if ((flags & frameFlags.key) !== 0) this.#keys += 1;
    if ((flags & frameFlags.repeat) !== 0) this.#repeated += 1;
    else {
      this.#fresh += 1;
      const ageUs = columns.source_age_us[row] ?? ABSENT;
      if (ageUs !== ABSENT) this.#late = (this.#late ?? 0) + (ageUs > intervalUs ? 1 : 0);
    }
    const refused = columns.send_refused[row] ?? 0;
    if (refused > 0) {
      const reason = refusedReason(flags);
      this.#refused.set(reason, (this.#refused.get(reason) ?? 0) + refused);
    }
  }

  report(before: ReceiverTotals, now: ReceiverTotals): void {
    this.#lost = added(this.#lost, before.packetsLost, now.packetsLost);
    this.#recovered = added(this.#recovered, before.packetsRecovered, now.packetsRecovered);
    this.#notShown = added(this.#notShown, before.framesNotShown, now.framesNotShown);
  }

  write(text: OpenMetricsText): void {
    const kind = this.#kind;
    if (this.started === 0) return;
    text.counter('punktfunk_started_sessions', { kind }, this.started);
    for (const outcome of [...frameOutcomes, 'unknown'] as const) {
      const known = outcome === 'unknown' ? undefined : 0;
      text.counter('punktfunk_frames', { kind, outcome }, this.#outcomes.get(outcome) ?? known);
    }
    text.counter('punktfunk_source_frames', { kind, picture: 'new' }, this.#fresh);
    text.counter('punktfunk_source_frames', { kind, picture: 'repeated' }, this.#repeated);
    text.counter('punktfunk_source_skipped_pictures', { kind }, this.skipped);
    text.counter('punktfunk_source_late_frames', { kind }, this.#late);
    text.counter('punktfunk_key_frames', { kind }, this.#keys);
    stageProjection[kind].forEach(({ name }, i) => {
      const histogram = this.#histograms[i];
      if (histogram === undefined) return;
      text.histogram('punktfunk_frame_stage_seconds', { kind, stage: name }, histogram);
    });
    const total = this.#histograms.at(-1);
    if (total !== undefined) text.histogram('punktfunk_frame_seconds', { kind }, total);
    text.counter('punktfunk_sent_bytes', { kind }, this.#bytes);
    text.counter('punktfunk_packets', { kind, type: 'data' }, this.#dataPackets);
    text.counter('punktfunk_packets', { kind, type: 'parity' }, this.#parityPackets);
    for (const reason of refusedReasons) {
      text.counter(
        'punktfunk_send_refused_packets',
        { kind, reason },
        this.#refused.get(reason) ?? 0,
      );
    }
    text.counter('punktfunk_receiver_lost_packets', { kind }, this.#lost);
    text.counter('punktfunk_receiver_recovered_packets', { kind }, this.#recovered);
    text.counter('punktfunk_receiver_frames_not_shown', { kind }, this.#notShown);
  }
}

function added(sum: number | undefined, before: number | undefined, now: number | undefined) {
  return now === undefined ? sum : (sum ?? 0) + Math.max(0, now - (before ?? 0));
}

/** Of a frame that met several, the one that lies nearest. */
function refusedReason(flags: number): (typeof refusedReasons)[number] {
  if ((flags & frameFlags.refusedNoBuffer) !== 0) return 'no_buffer';
  if ((flags & frameFlags.refusedByPeer) !== 0) return 'by_peer';
  return (flags & frameFlags.refusedNoRoom) !== 0 ? 'no_room' : 'unknown';
}

function writeHost(text: OpenMetricsText, { armed, recorder, blackBox }: HostFigures): void {
  text.gauge('punktfunk_capture_armed', {}, armed ? 1 : 0);
  text.counter('punktfunk_recorder_frames', {}, recorder?.frames);
  text.counter('punktfunk_recorder_shed_frames', {}, recorder?.shed_frames);
  text.counter('punktfunk_recorder_written_bytes', {}, recorder?.bytes_written);
  text.counter(
    'punktfunk_recorder_write_seconds',
    {},
    recorder === undefined ? undefined : recorder.write_ms / 1000,
  );
  if (blackBox?.on !== true) return;
  text.gauge('punktfunk_black_box_held_seconds', {}, blackBox.seconds);
  text.gauge('punktfunk_black_box_frames', {}, blackBox.frames);
  text.gauge('punktfunk_black_box_held_bytes', {}, blackBox.bytes);
  text.counter('punktfunk_black_box_saved', {}, blackBox.saved);
  text.counter('punktfunk_black_box_held_back', {}, blackBox.held_back);
}

const kinds = ['gamestream', 'native'] as const satisfies readonly StreamKind[];
const refusedReasons = ['no_room', 'no_buffer', 'by_peer', 'unknown'] as const;
/** More frames than can overtake each other in a queue of two. */
const REORDER = 64;
const MOST_ENDED = 64;
