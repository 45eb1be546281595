// `serve`: runs the host until a signal.
import { startHost } from '../app.ts';
import { sourceNames } from '../engine/location.ts';
import { reasonOf } from '../errors.ts';
import { type Command, exitCode } from './command.ts';
import { configure } from './setup.ts';

export const serve: Command = {
  name: 'serve',
  summary: 'run the host (default)',
  options: {
    'gamestream-port': { value: 'PORT', doc: 'Base port of GameStream (47989).' },
    'gamestream-host': { value: 'ADDRESS', doc: 'Address that GameStream listens on (all).' },
    'host-name': { value: 'NAME', doc: 'Name that clients show (the machine’s).' },
    discovery: { value: 'on|off', doc: 'Be found on the local network (on).' },
    source: {
      value: 'SOURCE',
      doc: 'auto, synthetic, x11 or wlroots (auto).',
      choices: ['auto', ...sourceNames],
    },
    'max-sessions': { value: 'N', doc: 'Clients that may stream at once (4).' },
    encryption: {
      value: 'WHEN',
      doc: 'Of video: off, lan-optional or required (lan-optional).',
      choices: ['off', 'lan-optional', 'required'],
    },
    'old-clients': {
      value: 'WHO',
      doc: 'Of 2023 and before: refuse, lan or allow (lan).',
      choices: ['refuse', 'lan', 'allow'],
    },
    'auto-bitrate': { value: 'on|off', doc: 'Let the bitrate follow the line (off).' },
    'api-host': {
      value: 'ADDRESS',
      doc: 'Address of API and page; HTTPS beyond loopback (127.0.0.1).',
    },
    'api-port': { value: 'PORT', doc: 'Port of API and page (47990).' },
    'link-mbps': { value: 'MBPS', doc: 'Rate of the slowest hop, for pacing.' },
    'black-box': { value: 'on|off', doc: 'Keep the last two minutes of every stream (on).' },
    'recordings-keep': { value: 'N', doc: 'Recordings that are kept; 0 = all (200).' },
    'recordings-days': { value: 'DAYS', doc: 'How long they are kept; 0 = for ever (0).' },
    'recordings-mb': { value: 'MB', doc: 'What they may take on the disk; 0 = no limit (2048).' },
    metrics: { value: 'on|off', doc: 'Answer Prometheus at /metrics (off).' },
  },
  async run(flags, context) {
    const { config, log } = configure(flags, context);
    const host = await startHost({ config, env: context.env, log });
    log.info('serving', { address: host.address });
    // The token goes to a person at a terminal and nowhere else.
    if (context.outIsTerminal) context.out(`${host.address}/#token=${host.token}\n`);
    process.on('unhandledRejection', (reason) => {
      log.error('unhandled rejection', { reason: reasonOf(reason) });
    });
    const why = await endOf();
    log.info('stopping', { why });
    const clean = await host.stop();
    log.info('stopped', { clean });
    // A thread that hangs inside a driver must not keep a stopped host alive.
    process.exit(clean ? exitCode.ok : exitCode.problem);
  },
};

/** Resolves with the signal that ends the host; a second one ends the process at once. */
function endOf(): Promise<string> {
  return new Promise((resolve) => {
    let asked = false;
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
      process.on(signal, () => {
        if (asked) process.exit(exitCode.problem);
        asked = true;
        resolve(signal);
      });
    }
  });
}
