// `doctor`: what works on this machine and what does not, with the reason and what to do. Sources and encoders are
// tried in children of this executable: a driver's crash is a finding, not the end.
import { accessSync, constants, existsSync } from 'node:fs';
import { dirname } from 'node:path';
import Type from 'typebox';
import { Value } from 'typebox/value';
import { apiAddress } from '../api/listen.ts';
import type { Config } from '../config.ts';
import { encoderNames, engineFile, sourceNames } from '../engine/location.ts';
import { TrialResult } from '../engine/messages.ts';
import { reasonOf, systemCode } from '../errors.ts';
import { apiHolder, bindFault, gamestreamPorts } from '../ports.ts';
import { VERSION } from '../version.ts';
import { type CliContext, type Command, exitCode } from './command.ts';
import { existingIdentity } from './host-api.ts';
import { configure, selfCommand } from './setup.ts';

interface Check {
  readonly name: string;
  /** `absent`: not on this machine, which is no fault. */
  readonly status: 'ok' | 'absent' | 'problem';
  readonly detail: string;
  readonly ms_per_frame?: number;
  readonly p99_ms?: number;
}

const TrialFault = Type.Object({ error: Type.String(), code: Type.String() });

export const doctor: Command = {
  name: 'doctor',
  summary: 'check what works on this machine, and say why the rest does not',
  options: { json: { doc: 'Print one JSON object.' } },
  async run(flags, context) {
    const { config } = configure(flags, context);
    const sources = await inTurn(sourceNames, (name) => tryOut('source', name, context));
    const encoders = await inTurn(encoderNames, (name) => tryOut('encoder', name, context));
    const checks: Check[] = [
      checkEngine(context),
      checkConfigDir(config),
      checkCertificate(config),
      ...(await checkPorts(config)),
      ...sources,
      needOne('sources', sources),
      ...encoders,
      needOne('encoders', encoders),
    ];
    const ok = checks.every(({ status }) => status !== 'problem');
    context.out(
      flags['json'] === true
        ? `${JSON.stringify({ version: VERSION, ok, checks })}\n`
        : checksText(checks, ok),
    );
    return ok ? exitCode.ok : exitCode.problem;
  },
};

function checkEngine(context: CliContext): Check {
  try {
    engineFile(context.env);
    return { name: 'engine', status: 'ok', detail: `version ${VERSION}` };
  } catch (error) {
    return { name: 'engine', status: 'problem', detail: reasonOf(error) };
  }
}

function checkConfigDir({ configDir }: Config): Check {
  const name = 'config directory';
  if (configDir === undefined) {
    return { name, status: 'problem', detail: 'none; set PUNKTFUNK_CONFIG_DIR' };
  }
  let folder = configDir;
  while (!existsSync(folder) && dirname(folder) !== folder) folder = dirname(folder);
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
    return { name, status: 'ok', detail: configDir };
  } catch (error) {
    return {
      name,
      status: 'problem',
      detail: `${configDir} cannot be written (${reasonOf(error)}): token and recordings would be lost`,
    };
  }
}

/** What a person compares with what a device or a browser shows. */
function checkCertificate(config: Config): Check {
  const name = 'host certificate';
  try {
    const identity = existingIdentity(config);
    return identity === undefined
      ? { name, status: 'absent', detail: 'none yet; the first start makes it' }
      : { name, status: 'ok', detail: `SHA-256 ${identity.fingerprint}` };
  } catch (error) {
    return { name, status: 'problem', detail: reasonOf(error) };
  }
}

async function checkPorts(config: Config): Promise<Check[]> {
  const ports = [
    { name: 'API and page', host: apiAddress(config.apiHost).bind, port: config.apiPort },
    ...gamestreamPorts(config.gamestreamPort).map((entry) => ({ ...entry, host: '0.0.0.0' })),
  ];
  return Promise.all(
    ports.map(async ({ name, host, port }): Promise<Check> => {
      const check = `port ${port} (${name})`;
      const fault = await bindFault(host, port);
      if (fault === undefined) return { name: check, status: 'ok', detail: 'free' };
      if (systemCode(fault) !== 'EADDRINUSE') {
        return { name: check, status: 'problem', detail: reasonOf(fault) };
      }
      const holder =
        name === 'API and page' ? await apiHolder(apiAddress(host).name, port) : 'another program';
      const ours = holder.startsWith('punktfunk-host');
      return { name: check, status: ours ? 'ok' : 'problem', detail: `in use by ${holder}` };
    }),
  );
}

/** Tries one source or encoder in a child process. */
async function tryOut(
  kind: 'source' | 'encoder',
  name: string,
  context: CliContext,
): Promise<Check> {
  const check = `${kind} ${name}`;
  const child = Bun.spawn([...selfCommand(), 'trial', '--kind', kind, '--name', name], {
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'ignore',
    env: { ...context.env },
    timeout: TRIAL_MS,
    killSignal: 'SIGKILL',
  });
  const output = await new Response(child.stdout).text();
  await child.exited;
  if (child.killed && child.signalCode === 'SIGKILL') {
    const detail = `did not answer within ${TRIAL_MS / 1000} s`;
    return { name: check, status: 'problem', detail };
  }
  if (child.signalCode !== null) {
    return { name: check, status: 'problem', detail: `crashed (${child.signalCode})` };
  }
  const answer = parse(output);
  if (Value.Check(TrialResult, answer)) {
    const { ms_per_frame, p99_ms, width, height, detail } = answer;
    const about = `${ms_per_frame.toFixed(2)} ms a frame (p99 ${p99_ms.toFixed(2)}) at ${width}x${height}`;
    return {
      name: check,
      status: 'ok',
      detail: detail === '' ? about : `${about}, ${detail}`,
      ms_per_frame,
      p99_ms,
    };
  }
  const reason = Value.Check(TrialFault, answer) ? answer.error : 'it gave no answer';
  return { name: check, status: 'absent', detail: reason };
}

/** A host without any source or without any encoder cannot stream. */
function needOne(what: string, checks: readonly Check[]): Check {
  const working = checks.filter(({ status }) => status === 'ok').length;
  return working > 0
    ? { name: what, status: 'ok', detail: `${working} of ${checks.length} work` }
    : { name: what, status: 'problem', detail: 'none works: nothing can be streamed' };
}

function checksText(checks: readonly Check[], ok: boolean): string {
  const width = Math.max(...checks.map(({ name }) => name.length));
  return [
    ...checks.map(
      ({ name, status, detail }) => `${status.padEnd(8)} ${name.padEnd(width)}  ${detail}`,
    ),
    '',
    ok ? 'This machine can stream.' : 'Something needs mending; see "problem" above.',
    '',
  ].join('\n');
}

/** One after another: trials that share the cores would measure each other. */
async function inTurn<T, R>(items: readonly T[], run: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (const item of items) results.push(await run(item));
  return results;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const TRIAL_MS = 10_000;
