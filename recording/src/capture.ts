// One recording from Start to Stop, made of a list of inputs: sessions come and go, frames become samples, `text`
// answers the file. Pure: knows no file and no clock. The same inputs make the same text, however they were split.
import type {
  CaptureEvent,
  CaptureMeta,
  HostFacts,
  LiveDelta,
  RecorderFigures,
  SessionEntry,
  StreamKind,
} from '../../contract/stats.ts';
import { EventList } from './event-list.ts';
import { FORMAT_VERSION } from './format-version.ts';
import { ABSENT, decodeRecords, type FrameBatch } from './frames.ts';
import type { CapturedSession, CaptureInput, SessionEvent } from './inputs.ts';
import { Orphans } from './orphans.ts';
import { recordingIdOf } from './recording-id.ts';
import { SampleText } from './sample-text.ts';
import { StageBins } from './stages.ts';
import { TriggerDetector } from './triggers.ts';
import { type ClosedWindow, GRACE_US, SESSION_BOUND_US, SessionWindows } from './windows.ts';

export interface CaptureStart {
  /** Fixed at Start, see `recordingStem`. */
  readonly stem: string;
  readonly startedUnixMs: number;
  /** Engine clock at the same moment: the axis begins here, and frames grabbed before do not count. */
  readonly armedNs: bigint;
  readonly host?: HostFacts;
  readonly preRollMs?: number;
  /** Why the black box was saved; absent when an operator armed it. */
  readonly trigger?: string;
  /** For whoever saves: names lie in a file of their own. */
  readonly name?: string;
}

/** What is known of a recording from outside. */
export interface About {
  readonly recorder?: RecorderFigures;
  readonly recovered?: true;
  /** Rows of the frames file. */
  readonly frameCount?: number;
}

interface Announcement {
  readonly atUs: number;
  readonly session: CapturedSession;
  /** The engine told of this bitrate itself. */
  readonly isTold: boolean;
}

/** An announced session; it is in the recording from its first frame on. */
interface Member {
  readonly sessionId: number;
  readonly windows: SessionWindows;
  /** As it was announced last. */
  latest: CapturedSession;
  /** As it was at its first frame; until its start is known as it was announced first. */
  first: CapturedSession;
  /** What was announced before the start was known, and may come after it. */
  later: Announcement[];
  /** As its events have told so far. */
  told: CapturedSession;
  /** The bitrate that the engine told of last. */
  toldKbps: number | undefined;
  endUs: number | undefined;
  endReason: string;
  startTold: boolean;
  boundTold: boolean;
}

export class CaptureBuilder {
  readonly start: CaptureStart;
  /** By number, as last announced. */
  readonly #sessions = new Map<number, Member>();
  /** In the recording, in order of their first frames' arrival. */
  readonly #members: Member[] = [];
  /** Their windows are not all closed. */
  readonly #open = new Set<Member>();
  readonly #bins: Readonly<Record<StreamKind, StageBins>> = {
    native: new StageBins('native'),
    gamestream: new StageBins('gamestream'),
  };
  readonly #detector: TriggerDetector;
  readonly #samples = new SampleText();
  readonly #events = new EventList();
  readonly #orphans = new Orphans();
  #deltas: LiveDelta[] = [];
  #frames = 0;
  #recordsLost = 0;
  /** The latest event of frames that could not be kept: further ones of its minute are counted in it. */
  #lossTold: { fromUs: number; event: CaptureEvent; count: number } | undefined;
  #suspendedMs = 0;
  #tooManySessions = false;
  /** What was told of the recording's bounds. */
  #boundsTold = { truncated: false, events_lost: 0 };

  constructor(start: CaptureStart) {
    this.start = start;
    this.#detector = new TriggerDetector(start.armedNs, ({ atUs, sessionId, kind, detail }) =>
      this.#tell(atUs, sessionId, { kind, detail }),
    );
  }

  get startedUnixMs(): number {
    return this.start.startedUnixMs;
  }

  get sampleCount(): number {
    return this.#samples.count;
  }

  get sessionCount(): number {
    return this.#members.length;
  }

  /** Frames that are in the recording. */
  get frameCount(): number {
    return this.#frames;
  }

  /** Kind of the first session that was measured. */
  get kind(): StreamKind | '' {
    return this.#first()?.first.kind ?? '';
  }

  /**
   * Takes an input. Answers the frames that came into the recording by it, if any: those of sessions that nobody has
   * announced yet wait, and come with the announcement.
   */
  take(input: CaptureInput): FrameBatch | undefined {
    if (input.kind === 'records') {
      return this.frames(decodeRecords(input.bytes, this.start.armedNs));
    }
    this.#detector.input(input);
    const atUs = this.#us(input.atNs);
    switch (input.kind) {
      case 'session':
        return this.#announce(atUs, input.session);
      case 'session_ended':
        this.#end(atUs, input.sessionId, input.reason);
        break;
      case 'receiver':
        this.#sessions.get(input.sessionId)?.windows.receiver(atUs, input.totals);
        break;
      case 'event':
        this.#happened(atUs, input.sessionId, input.event);
        break;
      case 'records_lost':
        this.#recordsLost += input.count;
        for (const { windows } of this.#open) windows.recordsLost(atUs);
        this.#tell(atUs, undefined, { kind: 'records_lost', detail: { count: input.count } });
        break;
      case 'suspended':
        this.#suspendedMs += input.ms;
        this.#tell(atUs, undefined, { kind: 'suspended', detail: { ms: input.ms } });
        break;
    }
    return undefined;
  }

  /** The same for frames that are decoded already, on this recording's axis. */
  frames(batch: FrameBatch): FrameBatch | undefined {
    const { session } = batch.columns;
    /** Undefined while every row is taken. */
    let taken: number[] | undefined;
    const waiting: number[] = [];
    /** When those were grabbed that came after everything of their session was closed. */
    const late: number[] = [];
    let id = ABSENT;
    let member: Member | undefined;
    for (let row = 0; row < batch.length; row += 1) {
      const of = session[row] ?? ABSENT;
      if (of !== id) {
        id = of;
        member = this.#sessions.get(of);
      }
      if (member !== undefined && this.#admit(member, batch, row)) taken?.push(row);
      else {
        taken ??= Array.from({ length: row }, (_, i) => i);
        if (member === undefined) waiting.push(row);
        else if (member.windows.finished) late.push(batch.grabbed_us[row] ?? 0);
      }
    }
    this.#lost(late);
    if (waiting.length > 0) this.#lost(this.#orphans.add(batch.pick(waiting)));
    const accepted = taken === undefined ? batch : batch.pick(taken);
    if (accepted.length === 0) return undefined;
    this.#frames += accepted.length;
    this.#detector.frames(accepted);
    return accepted;
  }

  /** Closes the windows that are over. Whoever replays calls it after what came before, like the one who recorded. */
  advance(nowNs: bigint): void {
    const nowUs = this.#us(nowNs);
    for (const member of this.#open) {
      if (member.windows.startUs === undefined) settle(member, nowUs - GRACE_US);
    }
    this.#close((windows) => windows.advance(nowUs));
    this.#detector.advance(nowNs);
  }

  /** What changed since the last call: sessions (new, or told again with what changed), samples, events, bounds. */
  deltas(): LiveDelta[] {
    this.#tellBounds();
    const deltas = this.#deltas;
    this.#deltas = [];
    return deltas;
  }

  meta(durationMs: number, about: About = {}): CaptureMeta {
    const first = this.#first()?.first;
    const { stem, startedUnixMs, trigger } = this.start;
    return {
      id: recordingIdOf(stem, first),
      started_unix_ms: startedUnixMs,
      duration_ms: durationMs,
      kind: first?.kind ?? '',
      width: first?.width ?? 0,
      height: first?.height ?? 0,
      fps: first?.fps ?? 0,
      codec: first?.codec ?? '',
      client: first?.client ?? '',
      sample_count: this.#samples.count,
      session_count: this.#members.length,
      ...(about.frameCount === undefined ? {} : { frame_count: about.frameCount }),
      ...(about.recovered === undefined ? {} : { recovered: about.recovered }),
      ...(trigger === undefined ? {} : { trigger }),
    };
  }

  /** The file's text so far; windows that are still open are not in it. */
  text(nowUnixMs: number, about: About = {}): string {
    const durationMs = nowUnixMs - this.start.startedUnixMs - this.#suspendedMs;
    return this.#text(this.meta(Math.max(0, Math.round(durationMs)), about), about);
  }

  /** Closes the open windows and answers the whole recording. */
  finish(nowNs: bigint, about: About = {}): { readonly meta: CaptureMeta; readonly text: string } {
    const nowUs = this.#us(nowNs);
    this.#close((windows) => windows.finish(nowUs));
    this.#detector.finish(nowNs);
    const meta = this.meta(Math.max(0, Math.round(nowUs / 1000)), about);
    return { meta, text: this.#text(meta, about) };
  }

  #announce(atUs: number, session: CapturedSession): FrameBatch | undefined {
    const known = this.#sessions.get(session.sessionId);
    if (known === undefined || known.endUs !== undefined) {
      this.#enter(session);
      const waited = this.#orphans.take(session.sessionId);
      return waited === undefined ? undefined : this.frames(waited);
    }
    const announcement = { atUs, session, isTold: session.bitrateKbps === known.toldKbps };
    if (known.startTold) this.#change(known, announcement);
    else known.later.push(announcement);
    const { bitrateKbps, fps } = known.latest;
    known.latest = session;
    if (bitrateKbps !== session.bitrateKbps || fps !== session.fps) {
      known.windows.target(atUs, session);
    }
    if (known.startTold) this.#push({ kind: 'session', session: this.#entry(known) });
    return undefined;
  }

  /** Makes events of what an announcement changed. */
  #change(member: Member, { atUs, session, isTold }: Announcement): void {
    const before = member.told;
    member.told = session;
    const [from, to] = [modeOf(before), modeOf(session)];
    if (from !== to) this.#tell(atUs, member.sessionId, { kind: 'mode', detail: { from, to } });
    if (session.bitrateKbps === before.bitrateKbps || isTold) return;
    const detail = { from_kbps: before.bitrateKbps, to_kbps: session.bitrateKbps };
    this.#tell(atUs, member.sessionId, { kind: 'bitrate', detail });
  }

  #enter(session: CapturedSession): void {
    const { sessionId, kind } = session;
    const member: Member = {
      sessionId,
      windows: new SessionWindows(sessionId, kind, session, this.#bins[kind]),
      latest: session,
      first: session,
      later: [],
      told: session,
      toldKbps: undefined,
      endUs: undefined,
      endReason: '',
      startTold: false,
      boundTold: false,
    };
    this.#sessions.set(sessionId, member);
    this.#open.add(member);
  }

  #admit(member: Member, batch: FrameBatch, row: number): boolean {
    const isNew = member.windows.startUs === undefined;
    if (isNew && this.#members.length >= MAX_SESSIONS) {
      this.#tooManySessions = true;
      return false;
    }
    if (isNew) this.#members.push(member);
    return member.windows.add(batch, row);
  }

  #end(atUs: number, sessionId: number, reason: string): void {
    const member = this.#sessions.get(sessionId);
    if (member === undefined || member.endUs !== undefined) return;
    member.endUs = atUs;
    member.endReason = reason;
    member.windows.end(atUs);
  }

  #happened(atUs: number, sessionId: number | undefined, event: SessionEvent): void {
    if (sessionId === undefined) {
      this.#tell(atUs, undefined, event);
      return;
    }
    const member = this.#sessions.get(sessionId);
    if (member === undefined) return;
    const to = event.kind === 'bitrate' ? event.detail?.['to_kbps'] : undefined;
    if (typeof to === 'number') member.toldKbps = to;
    this.#tell(atUs, sessionId, event);
  }

  /** Closes windows of every session and puts their samples in order. */
  #close(windowsOf: (windows: SessionWindows) => ClosedWindow[]): void {
    const closed: ClosedWindow[] = [];
    for (const member of [...this.#open]) {
      const { windows } = member;
      closed.push(...windowsOf(windows));
      if (windows.started && !member.startTold) this.#tellStart(member);
      if (windows.truncated && !member.boundTold) {
        member.boundTold = true;
        this.#detector.end(member.sessionId, (windows.startUs ?? 0) + SESSION_BOUND_US);
      }
      if (windows.finished) this.#leave(member);
    }
    closed.sort((a, b) => a.endUs - b.endUs || a.sample.session_id - b.sample.session_id);
    for (const { endUs, sample } of closed) {
      this.#samples.add(endUs, sample);
      this.#push({ kind: 'sample', sample });
    }
  }

  #tellStart(member: Member): void {
    const startUs = member.windows.startUs ?? 0;
    settle(member, startUs);
    member.startTold = true;
    this.#push({ kind: 'session', session: this.#entry(member) });
    this.#tell(startUs, member.sessionId, { kind: 'session_start' });
    for (const announcement of member.later) this.#change(member, announcement);
    member.later = [];
  }

  /** All of the session is closed. */
  #leave(member: Member): void {
    this.#open.delete(member);
    if (member.windows.startUs === undefined) {
      if (this.#sessions.get(member.sessionId) === member) this.#sessions.delete(member.sessionId);
      return;
    }
    if (member.endUs === undefined) return;
    this.#push({ kind: 'session', session: this.#entry(member) });
    const detail = { reason: member.endReason };
    this.#tell(member.endUs, member.sessionId, { kind: 'session_end', detail });
  }

  /**
   * Frames that came and cannot be kept: by when they were grabbed. No window of another session has a gap by it, and
   * their own is closed, or begins after them.
   */
  #lost(grabbedUs: readonly number[]): void {
    this.#recordsLost += grabbedUs.length;
    for (const us of grabbedUs) {
      const told = this.#lossTold;
      if (told !== undefined && us >= told.fromUs && us < told.fromUs + LOSS_EVENT_US) {
        told.count += 1;
        told.event.detail = { count: told.count };
        continue;
      }
      const event = this.#tell(us, undefined, { kind: 'records_lost', detail: { count: 1 } });
      this.#lossTold = event === undefined ? undefined : { fromUs: us, event, count: 1 };
    }
  }

  #tell(
    atUs: number,
    sessionId: number | undefined,
    event: SessionEvent,
  ): CaptureEvent | undefined {
    if (atUs < 0) return undefined;
    const made = this.#events.add(atUs, sessionId, event);
    if (made !== undefined) this.#push({ kind: 'event', event: made });
    return made;
  }

  #tellBounds(): void {
    const bounds = { truncated: this.#isTruncated, events_lost: this.#events.lost };
    const { truncated, events_lost } = this.#boundsTold;
    if (bounds.truncated === truncated && bounds.events_lost === events_lost) return;
    this.#boundsTold = bounds;
    this.#push({ kind: 'bounds', ...bounds });
  }

  #push(delta: LiveDelta): void {
    this.#deltas.push(delta);
    // Nobody watches: a replay, or nobody yet. The text has it all.
    if (this.#deltas.length > MAX_DELTAS) this.#deltas.splice(0, MAX_DELTAS / 2);
  }

  /** The session whose first frame was grabbed first. */
  #first(): Member | undefined {
    return this.#inOrder()[0];
  }

  #inOrder(): Member[] {
    return this.#members.toSorted(
      (a, b) => (a.windows.startUs ?? 0) - (b.windows.startUs ?? 0) || a.sessionId - b.sessionId,
    );
  }

  #entry(member: Member): SessionEntry {
    const { first, latest } = member;
    const app = latest.app ?? first.app;
    const negotiated = latest.negotiated ?? first.negotiated;
    return {
      session_id: member.sessionId,
      kind: first.kind,
      width: first.width,
      height: first.height,
      fps: first.fps,
      codec: first.codec,
      client: first.client,
      source: first.source,
      encoder: first.encoder,
      bitrate_kbps: first.bitrateKbps,
      ...(app === undefined ? {} : { app }),
      ...(negotiated === undefined ? {} : { negotiated }),
      ...(latest.redacted === undefined ? {} : { redacted: [...latest.redacted] }),
      started_t_ms: tMs(member.windows.startUs ?? 0),
      ...(member.endUs === undefined
        ? {}
        : { ended_t_ms: tMs(member.endUs), end_reason: member.endReason }),
    };
  }

  get #isTruncated(): boolean {
    return this.#tooManySessions || this.#members.some(({ windows }) => windows.truncated);
  }

  /** Keys in the order of `serializeCapture`: meta early, samples last. */
  #text(meta: CaptureMeta, about: About): string {
    const { host, preRollMs } = this.start;
    const events = this.#events.all();
    const head = JSON.stringify({
      version: FORMAT_VERSION,
      meta,
      sessions: this.#inOrder().map((member) => this.#entry(member)),
      ...(this.#isTruncated ? { truncated: true } : {}),
      ...(host === undefined ? {} : { host }),
      ...(preRollMs === undefined ? {} : { pre_roll_ms: preRollMs }),
      ...(about.recorder === undefined ? {} : { recorder: about.recorder }),
      ...(this.#recordsLost > 0 ? { records_lost: this.#recordsLost } : {}),
      ...(events.length > 0 ? { events } : {}),
      ...(this.#events.lost > 0 ? { events_lost: this.#events.lost } : {}),
    });
    return `${head.slice(0, -1)},"samples":[${this.#samples.joined()}]}\n`;
  }

  #us(atNs: bigint): number {
    return Math.round(Number(atNs - this.start.armedNs) / 1000);
  }
}

/** What was announced until then is how the session is when it starts. */
function settle(member: Member, untilUs: number): void {
  for (;;) {
    const next = member.later[0];
    if (next === undefined || next.atUs > untilUs) return;
    member.first = next.session;
    member.told = next.session;
    member.later.shift();
  }
}

function tMs(us: number): number {
  return Math.max(0, Math.round(us / 1000));
}

function modeOf({ width, height, fps, codec }: CapturedSession): string {
  return `${width}x${height}@${fps} ${codec}`;
}

/** Reconnecting every ten seconds, three hours long. */
const MAX_SESSIONS = 1080;
/** Frames that cannot be kept come for as long as a session streams that nobody announces. */
const LOSS_EVENT_US = 60_000_000;
/** More than a recorder reads at a time: it asks after every poll. */
const MAX_DELTAS = 4096;
