// One capture from Start to Stop: sessions register, records become samples, `finish` assembles the recording.
// Pure: knows no file and no clock.
import type {
  Capture,
  CaptureEvent,
  CaptureMeta,
  Codec,
  SessionEntry,
  StatsSample,
  StreamKind,
} from '../../contract/stats.ts';
import { FORMAT_VERSION } from './format.ts';
import type { FrameRecord } from './record.ts';
import { recordingIdOf } from './recording-id.ts';
import { type ReceiverTotals, SessionWindows, type WindowedSession } from './windows.ts';

/** What the host knows about a session when its first frame is measured. */
export interface CapturedSession {
  readonly sessionId: number;
  readonly kind: StreamKind;
  readonly width: number;
  readonly height: number;
  readonly fps: number;
  readonly codec: Codec;
  readonly client: string;
  readonly source: string;
  readonly encoder: string;
  readonly bitrateKbps: number;
}

/** What happened, without the when and the where. */
export type SessionEvent = Omit<CaptureEvent, 't_ms' | 'session_id'>;

export interface CaptureStart {
  /** Fixed at Start, see `recordingStem`. */
  readonly stem: string;
  readonly startedUnixMs: number;
  /** Engine clock at the same moment: frames grabbed before do not count. */
  readonly armedNs: bigint;
}

interface Member {
  readonly windowed: WindowedSession;
  readonly windows: SessionWindows;
  readonly entry: SessionEntry;
}

export class CaptureBuilder {
  readonly #start: CaptureStart;
  readonly #known = new Map<number, CapturedSession>();
  readonly #members = new Map<number, Member>();
  readonly #samples: StatsSample[] = [];
  readonly #events: CaptureEvent[] = [];
  #eventsLost = 0;
  #first: SessionEntry | undefined;
  #recordsLost = 0;

  constructor(start: CaptureStart) {
    this.#start = start;
  }

  get startedUnixMs(): number {
    return this.#start.startedUnixMs;
  }

  get sampleCount(): number {
    return this.#samples.length;
  }

  /** Kind of the first session that was measured. */
  get kind(): StreamKind | '' {
    return this.#first?.kind ?? '';
  }

  /** Announces a session or its new bitrate. It enters the recording with its first measured frame. */
  session(session: CapturedSession): void {
    this.#known.set(session.sessionId, session);
    const member = this.#members.get(session.sessionId);
    if (member !== undefined) member.windowed.bitrateKbps = session.bitrateKbps;
  }

  /** Takes a record. Answers false when nobody announced its session. */
  record(record: FrameRecord): boolean {
    const session = this.#known.get(record.session);
    if (session === undefined) return false;
    if (record.grabbedNs < this.#start.armedNs) return true;
    const member = this.#members.get(record.session) ?? this.#admit(session, record.grabbedNs);
    member.windows.add(record);
    return true;
  }

  receiver(sessionId: number, atNs: bigint, totals: ReceiverTotals): void {
    this.#members.get(sessionId)?.windows.receiver(atNs, totals);
  }

  /** Something rare in the life of an announced session. */
  event(sessionId: number, atNs: bigint, event: SessionEvent): void {
    if (!this.#known.has(sessionId) || atNs < this.#start.armedNs) return;
    if (this.#events.length >= MAX_EVENTS) {
      this.#eventsLost += 1;
      return;
    }
    this.#events.push({ t_ms: this.#tMs(atNs), session_id: sessionId, ...event });
  }

  recordsLost(count: number): void {
    this.#recordsLost += count;
    for (const member of this.#members.values()) member.windows.recordsLost();
  }

  advance(nowNs: bigint): void {
    for (const member of this.#members.values()) this.#append(member.windows.advance(nowNs));
  }

  sessionEnded(sessionId: number, atNs: bigint, reason: string): void {
    const member = this.#members.get(sessionId);
    this.#known.delete(sessionId);
    if (member === undefined || member.entry.ended_t_ms !== undefined) return;
    this.#append(member.windows.finish(atNs));
    member.entry.ended_t_ms = this.#tMs(atNs);
    member.entry.end_reason = reason;
  }

  /** The recording so far; windows that are still open are not in it. */
  live(nowUnixMs: number): Capture {
    const members = [...this.#members.values()];
    return {
      version: FORMAT_VERSION,
      meta: this.#meta(Math.max(0, nowUnixMs - this.#start.startedUnixMs)),
      sessions: members.map(({ entry }) => ({ ...entry })),
      ...(members.some(({ windows }) => windows.truncated) ? { truncated: true } : {}),
      ...(this.#recordsLost > 0 ? { records_lost: this.#recordsLost } : {}),
      ...(this.#events.length > 0 ? { events: [...this.#events] } : {}),
      ...(this.#eventsLost > 0 ? { events_lost: this.#eventsLost } : {}),
      samples: [...this.#samples],
    };
  }

  /** Closes the open windows and answers the whole recording. */
  finish(nowNs: bigint): Capture {
    for (const { windows } of this.#members.values()) this.#append(windows.finish(nowNs));
    return this.live(this.#start.startedUnixMs + this.#tMs(nowNs));
  }

  #admit(session: CapturedSession, firstNs: bigint): Member {
    const windowed = {
      sessionId: session.sessionId,
      kind: session.kind,
      bitrateKbps: session.bitrateKbps,
    };
    const entry: SessionEntry = {
      session_id: session.sessionId,
      kind: session.kind,
      width: session.width,
      height: session.height,
      fps: session.fps,
      codec: session.codec,
      client: session.client,
      source: session.source,
      encoder: session.encoder,
      started_t_ms: this.#tMs(firstNs),
    };
    const windows = new SessionWindows(windowed, this.#start.armedNs);
    const member = { windowed, windows, entry };
    this.#members.set(session.sessionId, member);
    this.#first ??= entry;
    return member;
  }

  #meta(durationMs: number): CaptureMeta {
    const first = this.#first;
    return {
      id: recordingIdOf(this.#start.stem, first),
      started_unix_ms: this.#start.startedUnixMs,
      duration_ms: durationMs,
      kind: first?.kind ?? '',
      width: first?.width ?? 0,
      height: first?.height ?? 0,
      fps: first?.fps ?? 0,
      codec: first?.codec ?? '',
      client: first?.client ?? '',
      sample_count: this.#samples.length,
    };
  }

  #append(samples: readonly StatsSample[]): void {
    this.#samples.push(...samples);
  }

  #tMs(atNs: bigint): number {
    return Math.max(0, Math.round(Number(atNs - this.#start.armedNs) / 1e6));
  }
}

/** About a megabyte of them; a stream in trouble makes a few a second. */
const MAX_EVENTS = 20_000;
