// What a test stream shall be: one session with its defaults filled in, or those of a script with every action at its
// frame. Pure; the engine alone says whether a script can be played.
import type {
  ScriptAction,
  ScriptSession,
  TestStreamRequest,
  TestStreamSource,
} from '../../../contract/test-streams.ts';
import type { Config } from '../config.ts';
import type { SessionScript, SourceName } from '../engine/messages.ts';
import { AppError } from '../errors.ts';
import { type NegotiatedWhy, sourcesPassedOver } from './negotiated.ts';

export interface TestStreamOptions extends TestStreamRequest {
  /** Descriptor that the received access units are written to. */
  readonly outputFd?: number;
  /** Descriptor that the truth about scripted frames is appended to. */
  readonly truthFd?: number;
}

/** One session of a test stream. */
export interface SessionPlan {
  /** After the stream was asked for. */
  readonly startMs: number;
  readonly source: SourceName;
  /** Desktops that were looked for before it. */
  readonly sourceRefused: NonNullable<NegotiatedWhy['sourceRefused']>;
  readonly seconds: number;
  readonly width: number;
  readonly height: number;
  readonly fps: number;
  readonly bitrateKbps: number;
  readonly dropPct: number;
  readonly outputFd: number | undefined;
  readonly script: SessionScript | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** The sessions that are asked for. Throws AppError 422 for what cannot be meant. */
export function plansOf(
  options: TestStreamOptions,
  config: Pick<Config, 'videoDropPct'>,
  env: Environment,
): SessionPlan[] {
  const { script, outputFd, truthFd, truth, ...one } = options;
  if (script === undefined) {
    if (truth === true || truthFd !== undefined) {
      throw new AppError(422, 'truth_needs_script', 'Only a script has a truth to keep.');
    }
    const source = one.source ?? 'auto';
    return [
      planOf({ seconds: 10, ...one }, source, env, one.drop_pct ?? config.videoDropPct, outputFd),
    ];
  }
  const other = Object.keys(one).find((name) => Object.hasOwn(FIELDS_OF_ONE, name));
  if (other !== undefined) {
    throw new AppError(422, 'script_alone', `A script says everything: leave ${other} out.`);
  }
  return script.sessions.map((session, index) => {
    const source = session.source ?? 'synthetic';
    // What is lost is what the script says, and nothing else.
    const plan = planOf(session, source, env, 0, index === 0 ? outputFd : undefined);
    const actions = (session.actions ?? []).map((action, nth) => ({
      ...withoutTime(action),
      at_frame: frameOf(action, plan.fps, `Session ${index}, action ${nth} (${action.what})`),
    }));
    return {
      ...plan,
      script: { actions, ...(truthFd === undefined ? {} : { truth_fd: truthFd }) },
    };
  });
}

/** `auto` takes the desktop that the environment names, else the synthetic picture. */
export function resolveSource(source: TestStreamSource, env: Environment): SourceName {
  if (source !== 'auto') return source;
  const { DISPLAY, WAYLAND_DISPLAY } = env;
  if (DISPLAY) return 'x11';
  return WAYLAND_DISPLAY ? 'wlroots' : 'synthetic';
}

function planOf(
  session: Omit<ScriptSession, 'actions' | 'source'>,
  source: TestStreamSource,
  env: Environment,
  dropPct: number,
  outputFd: number | undefined,
): SessionPlan {
  return {
    startMs: session.start_ms ?? 0,
    source: resolveSource(source, env),
    sourceRefused: sourcesPassedOver(source, env),
    seconds: session.seconds,
    width: session.width ?? 1920,
    height: session.height ?? 1080,
    fps: session.fps ?? 60,
    bitrateKbps: session.bitrate_kbps ?? 20_000,
    dropPct,
    outputFd,
    script: undefined,
  };
}

function frameOf({ at_frame, at_s }: ScriptAction, fps: number, where: string): number {
  if (at_frame !== undefined && at_s === undefined) return at_frame;
  if (at_s !== undefined && at_frame === undefined) return Math.round(at_s * fps);
  throw new AppError(422, 'script_invalid', `${where}: give either at_frame or at_s.`);
}

function withoutTime(action: ScriptAction): Omit<ScriptAction, 'at_frame' | 'at_s'> {
  const { at_frame: _frame, at_s: _seconds, ...effect } = action;
  return effect;
}

const FIELDS_OF_ONE = {
  source: true,
  seconds: true,
  width: true,
  height: true,
  fps: true,
  bitrate_kbps: true,
  drop_pct: true,
} as const satisfies Record<keyof Omit<TestStreamRequest, 'script' | 'truth'>, true>;
