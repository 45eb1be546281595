// Streams over a fake engine on virtual time, in this process: a host without HTTP.
import { Apps } from '../../host/src/apps/apps.ts';
import type { Clock } from '../../host/src/clock.ts';
import { loadConfig } from '../../host/src/config.ts';
import { Engine } from '../../host/src/engine/engine.ts';
import { FakeEngine, type FakeEngineOptions } from '../../host/src/engine/fake-engine.ts';
import type { SessionRequest } from '../../host/src/engine/messages.ts';
import type { Announcement } from '../../host/src/gamestream/announce.ts';
import { readAnnouncement } from '../../host/src/gamestream/announce.ts';
import type { RtspStream } from '../../host/src/gamestream/rtsp-dialogue.ts';
import { Logger } from '../../host/src/log.ts';
import { MediaPorts } from '../../host/src/sessions/media-ports.ts';
import { recordInto } from '../../host/src/sessions/recorded-events.ts';
import {
  type RecordedEvent,
  type SessionRecorder,
  Sessions,
} from '../../host/src/sessions/sessions.ts';
import type { ClientRef, StreamWish } from '../../host/src/sessions/stream-control.ts';
import { Streams } from '../../host/src/sessions/streams.ts';
import type { CapturedSession } from '../../recording/src/inputs.ts';
import { settled } from './fake-host.ts';
import { announcement } from './rtsp-client.ts';

/** Time that passes when told to. */
export class VirtualClock implements Clock {
  #nowMs = 0;
  #timers = new Set<{ readonly atMs: number; readonly run: () => void }>();

  nowMs(): number {
    return this.#nowMs;
  }

  unixMs(): number {
    return 1_782_504_843_000 + this.#nowMs;
  }

  after(ms: number, run: () => void): () => void {
    const timer = { atMs: this.#nowMs + ms, run };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  get waiting(): number {
    return this.#timers.size;
  }

  pass(ms: number): void {
    const untilMs = this.#nowMs + ms;
    for (;;) {
      const due = [...this.#timers].filter(({ atMs }) => atMs <= untilMs);
      const [next] = due.sort((a, b) => a.atMs - b.atMs);
      if (next === undefined) break;
      this.#timers.delete(next);
      this.#nowMs = next.atMs;
      next.run();
    }
    this.#nowMs = untilMs;
  }
}

export interface FakeStreamsOptions extends FakeEngineOptions {
  /** As flags of `serve`. */
  readonly flags?: Readonly<Record<string, string>>;
  readonly clock?: Clock;
}

export const DESKTOP = new Apps().list()[0]?.id ?? 0;
/** An app that `Apps` of these tests knows beside the desktop. */
export const GAME = 77;

/** A host with virtual time. */
export function streamsHost(options: FakeStreamsOptions['flags'] = {}) {
  const clock = new VirtualClock();
  return { ...fakeStreams({ flags: options, clock }), clock };
}

export function fakeStreams(options: FakeStreamsOptions = {}) {
  const lines: string[] = [];
  const log = new Logger({
    format: 'json',
    level: 'debug',
    write: (line) => lines.push(line),
    now: () => 0,
  });
  const fake = new FakeEngine(options);
  const requests: SessionRequest[] = [];
  const stopped: [session: number, reason: string][] = [];
  const transport = {
    opened: fake.opened,
    nowNs: () => fake.nowNs(),
    listen: (listener: (events: readonly unknown[]) => void) => fake.listen(listener),
    drainRecords: (into: Uint8Array) => fake.drainRecords(into),
    close: () => fake.close(),
    call(request: string): string {
      const command = JSON.parse(request);
      if (command.cmd === 'session.start') requests.push(command.session);
      if (command.cmd === 'session.stop') stopped.push([command.session, command.reason]);
      return fake.call(request);
    },
  };
  const engine = new Engine(transport, log);
  const recorded: RecordedEvent[] = [];
  const receivers: unknown[] = [];
  const announced: CapturedSession[] = [];
  const recorder = fakeRecorder(receivers, announced);
  const intoRecorder = recordInto(recorder);
  const sessions = new Sessions(engine, recorder, log, (event) => {
    recorded.push(event);
    intoRecorder(event);
  });
  const { flags = {} } = options;
  const config = loadConfig({ flags, env: {}, homeDir: undefined });
  const clock = options.clock ?? new VirtualClock();
  const ports = new MediaPorts({
    engine,
    log,
    gamestreamPort: config.gamestreamPort,
    dscp: config.dscp,
  });
  const apps = new Apps();
  const streams = new Streams({
    sessions,
    ports,
    apps: {
      get: (id) => (id === GAME ? { id, key: 'game', title: 'Game' } : apps.get(id)),
    },
    log,
    clock,
    config,
    env: {},
  });
  /** The prepared stream of a client. */
  const streamOf = (who: ClientRef): RtspStream => {
    const stream = streams.prepared().find(({ clientName }) => clientName === who.name);
    if (stream === undefined) throw new Error(`${who.name} has no prepared stream`);
    return stream;
  };
  /** ANNOUNCE and PLAY of a client's prepared stream; answers the engine's session. */
  const play = async (who: ClientRef, announced = stockAnnouncement()): Promise<number> => {
    const stream = streamOf(who);
    await stream.announce(announced, '127.0.0.1');
    stream.play();
    const session = sessions.list().find(({ client_id }) => client_id === who.fingerprint);
    if (session === undefined) throw new Error(`${who.name} has no session`);
    return session.session_id;
  };
  return {
    fake,
    engine,
    sessions,
    streams,
    ports,
    clock,
    lines,
    requests,
    stopped,
    recorded,
    receivers,
    announced,
    streamOf,
    play,
  };
}

export function client(name: string, mayEnd = false): ClientRef {
  return { fingerprint: Buffer.from(name).toString('hex').padEnd(64, '0'), name, mayEnd };
}

let keys = 0;

/** A wish with a key of its own, as Moonlight sends it from this machine. */
export function wish(
  who: ClientRef,
  changes: Partial<StreamWish> = {},
): StreamWish & { readonly appId: number } {
  keys += 1;
  const key = new Uint8Array(16);
  new DataView(key.buffer).setUint32(0, keys);
  return {
    client: who,
    peerAddress: '127.0.0.1',
    localAddress: '127.0.0.1',
    key,
    keyId: keys,
    sealedRtsp: true,
    ...changes,
    appId: changes.appId ?? DESKTOP,
  };
}

/** The same without an app, as /resume of some clients. */
export function resumeWish(who: ClientRef, changes: Partial<StreamWish> = {}): StreamWish {
  const { appId: _appId, ...rest } = wish(who, changes);
  return rest;
}

export function stockAnnouncement(
  changes: Readonly<Record<string, string | undefined>> = {},
): Announcement {
  return readAnnouncement(announcement(changes), {
    offer: { supported: 7, requested: 1, required: false },
    hostHeader: '0.0.0.0',
  });
}

function fakeRecorder(receivers: unknown[], announced: CapturedSession[]): SessionRecorder {
  return {
    session: (session) => {
      announced.push(session);
    },
    sessionEnded: () => undefined,
    receiver: (...args) => {
      receivers.push(args);
    },
    event: () => undefined,
  };
}

/** The client of a session leaves. */
export async function leave(fake: FakeEngine, session: number): Promise<void> {
  fake.leave(session);
  await settled();
}
