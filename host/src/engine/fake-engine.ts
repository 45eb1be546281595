// The engine in memory, on virtual time: sessions, records and a probe as docs/ffi-abi.md says, without a socket or
// thread. For tests only; tests/ffi/conformance.test.ts holds it to what the real engine does.
import Type from 'typebox';
import { Value } from 'typebox/value';
import { RECORD_BYTES } from '../../../recording/src/frames.ts';
import { badArgument, refusal, refuseBadSession } from './fake-admission.ts';
import { encodeRecord, FRAME_BYTES, type FrameRecord, plainFrame } from './fake-records.ts';
import { refuseBadScript, scripted, scriptedKbps } from './fake-script.ts';
import {
  type CommandFields,
  type CommandName,
  type ControlRequest,
  commands,
  type EngineEventOf,
  type Listener,
  type OpenReply,
  type ProbeReport,
  type Session,
  type SessionRequest,
  type Snapshot,
  SourceName,
} from './messages.ts';
import { ABI_VERSION, EngineError, type EngineTransport, engineStatus } from './transport.ts';

export interface FakeEngineOptions {
  /** Engine clock at open, ns. */
  readonly startNs?: bigint;
  /** Changes a frame before it becomes a record, or drops its record with undefined. */
  readonly frame?: (record: FrameRecord) => FrameRecord | undefined;
  /** What the probe finally reports, made from what it would report by itself. */
  readonly report?: (report: ProbeReport) => ProbeReport;
  /** Sources that do not open, with the reason. */
  readonly brokenSources?: Readonly<Record<string, string>>;
  /** Records that fit into lane 1. */
  readonly recordLimit?: number;
}

interface FakeSession {
  view: Session;
  readonly request: SessionRequest;
  readonly startedNs: bigint;
  frames: number;
  streamingSinceNs: bigint;
  /** How many of STEPS its client has taken. */
  steps: number;
  /** Pictures that its source has made, when a script says which. */
  pictures: number;
}

interface FakeListener {
  readonly medium: Medium;
  readonly view: Listener;
}
type Medium = CommandFields<'listener.open'>['medium'];
type Report = Omit<EngineEventOf<'session.report'>, 'ev' | 't' | 'session'>;

interface FakeProbe {
  readonly probe: number;
  readonly op: number;
  readonly session: number;
  readonly endsNs: bigint;
  nextProgressNs: bigint;
}

export class FakeEngine implements EngineTransport {
  readonly opened: OpenReply;
  readonly #options: FakeEngineOptions;
  #nowNs: bigint;
  #closed = false;
  #measuring = false;
  #numbers = 0;
  #listener: ((events: readonly unknown[]) => void) | undefined;
  #queue: unknown[] = [];
  #flushing = false;
  readonly #listeners = new Map<number, FakeListener>();
  readonly #sessions = new Map<number, FakeSession>();
  readonly #probes = new Map<number, FakeProbe>();
  #records: Uint8Array[] = [];
  #recordsLost = 0;

  constructor(options: FakeEngineOptions = {}) {
    this.#options = options;
    this.#nowNs = options.startNs ?? 1_000_000_000_000n;
    this.opened = {
      engine: 1,
      abi: ABI_VERSION,
      version: '0.0.0-fake',
      record_bytes: RECORD_BYTES,
      clock: { monotonic_ns: this.#nowNs.toString(), unix_ms: 1_782_504_843_000, boot_ms: 0 },
    };
  }

  nowNs(): bigint {
    return this.#nowNs;
  }

  listen(listener: (events: readonly unknown[]) => void): void {
    this.#listener = listener;
    this.#flushSoon();
  }

  call(request: string): string {
    if (this.#closed) throw new EngineError(engineStatus.stale_handle, 'stale_handle', 'closed');
    return JSON.stringify(this.#run(parseCommand(request)));
  }

  drainRecords(into: Uint8Array): number {
    const count = Math.min(this.#records.length, Math.floor(into.byteLength / RECORD_BYTES));
    this.#records.splice(0, count).forEach((bytes, i) => {
      into.set(bytes, i * RECORD_BYTES);
    });
    return count * RECORD_BYTES;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    for (const { view } of this.#sessions.values()) {
      this.#end(view.session, 'engine_closed', 'The engine was closed.');
    }
    this.#closed = true;
    this.#flush();
  }

  /** Lets time pass: frames are made, probes end. */
  tick(ms: number): void {
    const until = this.#nowNs + BigInt(Math.round(ms * 1e6));
    while (this.#nowNs < until) {
      this.#nowNs = this.#nowNs + STEP_NS < until ? this.#nowNs + STEP_NS : until;
      for (const session of [...this.#sessions.values()]) {
        this.#awaitControl(session);
        this.#makeFrames(session);
      }
      for (const probe of this.#probes.values()) this.#runProbe(probe);
    }
    this.#flush();
  }

  /** Says that events were lost, without losing any. */
  overflow(lost: number): void {
    this.#emit('overflow', { lost });
    this.#flush();
  }

  /** Forgets a session without an event, as a lost event would look. */
  vanish(session: number): void {
    this.#sessions.delete(session);
    for (const probe of this.#probes.values()) {
      if (probe.session === session) this.#probes.delete(probe.probe);
    }
  }

  /** What a session was started with, its secrets included. */
  request(session: number): SessionRequest | undefined {
    return this.#sessions.get(session)?.request;
  }

  /** The client comes: its control stream connects, is ready (Start B), and its video pings let frames leave. */
  connectControl(session: number, upTo: (typeof STEPS)[number] = 'streaming'): void {
    const found = this.#session(session);
    if (found.request.control === undefined) throw new Error(`session ${session} has no control`);
    const wanted = STEPS.indexOf(upTo);
    if (found.steps === 0) {
      found.view.control = 'connected';
      this.sessionEvent(session, 'control_connected');
    }
    if (found.steps < 2 && wanted >= 1) {
      found.view.control = 'ready';
      this.sessionEvent(session, 'control_ready');
    }
    if (found.steps < 3 && wanted >= 2) {
      found.streamingSinceNs = this.#nowNs;
      this.#enter(session, 'streaming');
    }
    found.steps = Math.max(found.steps, wanted + 1);
    this.#flush();
  }

  /** The client ends its control stream. */
  leave(session: number): void {
    this.#session(session);
    this.#end(session, 'client_left', 'The client left.');
    this.#flush();
  }

  /** Nothing was heard of the client for too long. */
  lose(session: number): void {
    this.#session(session);
    this.#end(session, 'client_lost', 'Nothing came from the client for 10.0 s.');
    this.#flush();
  }

  /** A session ends by itself, e.g. with `source_lost` or `encoder_failed`. */
  fail(session: number, reason: string, message: string): void {
    this.#session(session);
    this.#end(session, reason, message);
    this.#flush();
  }

  /** What the client told of its reception. */
  report(session: number, figures: Report): void {
    this.#session(session);
    this.#emit('session.report', { session, ...figures });
    this.#flush();
  }

  sessionEvent(session: number, kind: string, details: object = {}): void {
    this.#session(session);
    this.#emit('session.event', { session, kind, ...details });
    this.#flushSoon();
  }

  ask(id: number, question: unknown): void {
    this.#emit('ask', { id, deadline_ms: 1000, question });
    this.#flush();
  }

  /** Answers that were given to `ask`, by id. */
  readonly answers = new Map<number, unknown>();

  #run(command: Command): unknown {
    switch (command.cmd) {
      case 'snapshot':
        return this.#snapshot();
      case 'measure':
        this.#measuring = command.on;
        return {};
      case 'listener.open':
        return this.#openListener(command);
      case 'listener.close':
        return this.#closeListener(command.listener);
      case 'session.start':
        return this.#start(command.session);
      case 'session.stop':
        return this.#stop(command.session, command.reason);
      case 'session.set_bitrate':
        this.#session(command.session).view.bitrate_kbps = command.bitrate_kbps;
        return {};
      case 'session.request_idr':
      case 'session.invalidate':
      case 'session.ack_ltr':
        this.#session(command.session);
        return {};
      case 'script.check':
        refuseBadScript(command.script, command.source);
        return {};
      case 'probe.start':
        return this.#startProbe(command);
      case 'probe.stop':
        return this.#stopProbe(command.probe);
      case 'trial':
        return this.#trial(command);
      case 'answer':
        this.answers.set(command.id, command.value);
        return {};
    }
  }

  #snapshot(): Snapshot {
    return {
      sessions: [...this.#sessions.values()].map(({ view }) => ({ ...view })),
      listeners: [...this.#listeners.values()].map(({ view }) => view),
      probes: [...this.#probes.values()].map(({ probe }) => ({ probe })),
      measuring: this.#measuring,
      lanes: {
        events: { used: 0, limit: 1 << 20, lost: 0 },
        records: {
          used: this.#records.length * RECORD_BYTES,
          limit: this.#recordLimit * RECORD_BYTES,
          lost: this.#recordsLost,
        },
      },
    };
  }

  #openListener({ medium, address, port }: CommandFields<'listener.open'>): Listener {
    const listener = this.#number();
    const view = { listener, address, port: port === 0 ? 40_000 + listener : port };
    this.#listeners.set(listener, { medium, view });
    return view;
  }

  #closeListener(listener: number): object {
    if (!this.#listeners.delete(listener)) throw refusal('unknown_listener', `no ${listener}`);
    for (const { request, view } of [...this.#sessions.values()]) {
      const used = [request.listener, request.control?.listener, request.audio?.listener];
      if (used.includes(listener)) {
        this.#end(view.session, 'listener_closed', 'The socket was closed.');
      }
    }
    return {};
  }

  #start(request: SessionRequest): object {
    refuseBadSession(request);
    refuseBadScript(request.script, request.source);
    this.#requireListener(request.listener, 'video');
    if (request.control !== undefined) this.#requireControl(request.control);
    if (request.audio !== undefined) this.#requireListener(request.audio.listener, 'audio');
    const op = this.#number();
    const session = this.#number();
    const view: Session = {
      session,
      kind: request.kind,
      state: 'starting',
      client: request.client,
      source: request.source,
      encoder: 'openh264',
      encoder_detail: 'openh264, in memory only',
      codec: request.codec,
      width: request.width,
      height: request.height,
      fps: request.fps,
      bitrate_kbps: request.bitrate_kbps,
      can_invalidate: request.invalidation,
      ...(request.control === undefined ? {} : { control: 'awaiting' }),
    };
    this.#sessions.set(session, {
      view,
      request,
      startedNs: this.#nowNs,
      frames: 0,
      streamingSinceNs: 0n,
      steps: 0,
      pictures: 0,
    });
    const reason = this.#options.brokenSources?.[request.source];
    if (reason === undefined) {
      this.#emit('op.done', { op, ok: true, result: view });
      this.#enter(session, 'waiting_for_client');
    } else {
      const error = { code: 'source_unavailable', message: reason };
      this.#emit('op.done', { op, ok: false, error });
      this.#end(session, 'source_unavailable', reason);
    }
    return { op, session };
  }

  #requireListener(listener: number, medium: Medium): void {
    const found = this.#listeners.get(listener);
    if (found === undefined) {
      throw refusal('unknown_listener', `There is no listener ${listener}.`);
    }
    if (found.medium !== medium) {
      throw refusal('wrong_medium', `Listener ${listener} is for ${found.medium}, not ${medium}.`);
    }
  }

  #requireControl(control: ControlRequest): void {
    this.#requireListener(control.listener, 'control');
    if (control.connect_data === undefined) return;
    for (const { request } of this.#sessions.values()) {
      if (request.control?.connect_data === control.connect_data) {
        throw refusal('control_invalid', 'Another session waits for the same connect data.');
      }
    }
  }

  #stop(session: number, reason: string): object {
    this.#session(session);
    const op = this.#number();
    this.#end(session, reason, 'The host ended the session.');
    this.#emit('op.done', { op, ok: true, result: {} });
    return { op };
  }

  #startProbe(command: CommandFields<'probe.start'>): object {
    const session = this.#session(command.session);
    const op = this.#number();
    const probe = this.#number();
    session.streamingSinceNs = this.#nowNs;
    this.#enter(command.session, 'streaming');
    this.#probes.set(probe, {
      probe,
      op,
      session: command.session,
      endsNs: this.#nowNs + BigInt(Math.round(command.seconds * 1e9)),
      nextProgressNs: this.#nowNs + 500_000_000n,
    });
    return { op, probe };
  }

  #stopProbe(probe: number): object {
    const running = this.#probes.get(probe);
    if (running === undefined) throw refusal('unknown_probe', `There is no probe ${probe}.`);
    this.#finishProbe(running);
    return {};
  }

  #trial(command: CommandFields<'trial'>): object {
    const op = this.#number();
    const { name, width, height } = command;
    const reason = this.#options.brokenSources?.[name];
    this.#emit(
      'op.done',
      reason === undefined
        ? {
            op,
            ok: true,
            result: { name, ms_per_frame: 1.5, p99_ms: 2, width, height, detail: '' },
          }
        : { op, ok: false, error: { code: 'source_unavailable', message: reason } },
    );
    return { op };
  }

  #runProbe(probe: FakeProbe): void {
    if (this.#nowNs >= probe.nextProgressNs) {
      probe.nextProgressNs += 500_000_000n;
      const { frames_received, frames_lost, packets_lost, packets_recovered, bytes } =
        this.#counted(probe);
      this.#emit('probe.progress', {
        probe: probe.probe,
        frames_received,
        frames_lost,
        packets_lost,
        packets_recovered,
        bytes,
      });
    }
    if (this.#nowNs >= probe.endsNs) this.#finishProbe(probe);
  }

  #finishProbe(probe: FakeProbe): void {
    this.#probes.delete(probe.probe);
    const report = this.#counted(probe);
    const result = this.#options.report?.(report) ?? report;
    this.#emit('op.done', { op: probe.op, ok: true, result });
  }

  #counted(probe: FakeProbe): ProbeReport {
    const frames = this.#sessions.get(probe.session)?.frames ?? 0;
    return {
      frames_received: frames,
      frames_recovered: 0,
      frames_lost: 0,
      packets_lost: 0,
      packets_recovered: 0,
      bytes: frames * FRAME_BYTES,
      key_frames: Math.min(1, frames),
      invalidations_answered: 0,
      problems: [],
    };
  }

  #awaitControl({ request, steps, startedNs, view }: FakeSession): void {
    if (request.control === undefined || steps > 0) return;
    const limitMs = request.control.connect_timeout_ms;
    if (this.#nowNs - startedNs < BigInt(limitMs) * 1_000_000n) return;
    this.#end(view.session, 'no_control', `No control stream came within ${limitMs} ms.`);
  }

  #makeFrames(session: FakeSession): void {
    if (session.view.state !== 'streaming') return;
    const { fps } = session.view;
    for (;;) {
      const grabbedNs = session.streamingSinceNs + BigInt(Math.round((session.frames * 1e9) / fps));
      if (grabbedNs > this.#nowNs - FRAME_NS) return;
      session.frames += 1;
      const made = this.#scriptedFrame(session, grabbedNs);
      if (!this.#measuring || made === undefined) continue;
      const record = this.#options.frame === undefined ? made : this.#options.frame(made);
      if (record === undefined) continue;
      if (this.#records.length >= this.#recordLimit) this.#recordsLost += 1;
      else this.#records.push(encodeRecord(record));
    }
  }

  #scriptedFrame(session: FakeSession, grabbedNs: bigint): FrameRecord | undefined {
    const { script } = session.request;
    const { frames, view } = session;
    const kbps = scriptedKbps(script, frames - 1);
    if (kbps !== undefined && kbps !== view.bitrate_kbps) {
      this.sessionEvent(view.session, 'bitrate', { from_kbps: view.bitrate_kbps, to_kbps: kbps });
      session.view = { ...view, bitrate_kbps: kbps };
    }
    return scripted(plainFrame(view.session, grabbedNs, frames), frames - 1, script, session);
  }

  get #recordLimit(): number {
    return this.#options.recordLimit ?? 100_000;
  }

  #session(session: number): FakeSession {
    const found = this.#sessions.get(session);
    if (found === undefined) throw refusal('unknown_session', `There is no session ${session}.`);
    return found;
  }

  #enter(session: number, state: Session['state']): void {
    const found = this.#session(session);
    found.view = { ...found.view, state };
    this.#emit('session.state', found.view);
  }

  #end(session: number, reason: string, message: string): void {
    const found = this.#sessions.get(session);
    if (found === undefined) return;
    this.#sessions.delete(session);
    this.#emit('session.state', { ...found.view, state: 'ended', reason, message });
  }

  #emit(ev: string, fields: object): void {
    this.#queue.push({ ev, t: this.#nowNs.toString(), ...fields });
    this.#flushSoon();
  }

  /** Events come after the call that caused them has returned, as from another thread. */
  #flushSoon(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    queueMicrotask(() => {
      this.#flushing = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#listener === undefined || this.#queue.length === 0) return;
    const events = this.#queue;
    this.#queue = [];
    this.#listener(events);
  }

  #number(): number {
    this.#numbers += 1;
    return this.#numbers;
  }
}

type Command = {
  readonly [C in CommandName]: { readonly cmd: C } & CommandFields<C>;
}[CommandName];

function parseCommand(request: string): Command {
  let data: unknown;
  try {
    data = JSON.parse(request);
  } catch {
    throw badArgument('no JSON');
  }
  const source = Value.Check(AnySource, data) ? data.session.source : 'synthetic';
  if (!Value.Check(SourceName, source)) {
    throw refusal('unknown_source', `There is no source ${JSON.stringify(source)}.`);
  }
  const medium = Value.Check(AnyMedium, data) ? data.medium : 'video';
  if (!['video', 'audio', 'control'].includes(medium)) {
    throw refusal('unknown_medium', `There is no medium ${JSON.stringify(medium)}.`);
  }
  if (!isCommand(data)) throw badArgument('an unknown command or field');
  return data;
}

function isCommand(data: unknown): data is Command {
  if (typeof data !== 'object' || data === null || !('cmd' in data)) return false;
  const { cmd, ...fields } = data;
  const schema = Object.entries(commands).find(([name]) => name === cmd)?.[1];
  if (schema === undefined || !Value.Check(schema.fields, fields)) return false;
  return Object.keys(fields).every((key) => key in schema.fields.properties);
}

/** A listener of a medium, whichever. */
const AnyMedium = Type.Object({ cmd: Type.Literal('listener.open'), medium: Type.String() });
/** A request that names a source, whichever. */
const AnySource = Type.Object({ session: Type.Object({ source: Type.String() }) });
const STEPS = ['connected', 'ready', 'streaming'] as const;
const STEP_NS = 10_000_000n;
/** From grabbing to the last packet: a frame younger than this has no record yet. */
const FRAME_NS = 6_000_000n;
