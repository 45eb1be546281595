// Prometheus as Debian has it (scripts/lib/setup.sh unpacks it), on a port and in a folder of its own; ended by its pid.
import { existsSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import Type from 'typebox';
import { Value } from 'typebox/value';
import { temporaryFolder } from './fake-api.ts';

const UNPACKED = join(import.meta.dir, '../../.cache/prometheus/usr/bin');
export const PROMETHEUS = programOf('prometheus');
export const PROMTOOL = programOf('promtool');
/** Empty, or why its tests cannot run. */
export const missingPrometheus =
  PROMETHEUS === null || PROMTOOL === null
    ? ' (skipped: no prometheus and promtool; scripts/test unpacks them)'
    : '';

export interface Prometheus {
  /** The value of each series that the expression names: `name{a="b"}`. */
  query(expression: string): Promise<ReadonlyMap<string, number>>;
  log(): string;
  end(): Promise<void>;
}

const Answer = Type.Object({
  status: Type.Literal('success'),
  data: Type.Object({
    result: Type.Array(
      Type.Object({
        metric: Type.Record(Type.String(), Type.String()),
        value: Type.Tuple([Type.Number(), Type.String()]),
      }),
    ),
  }),
});

/** Scrapes one target five times a second; resolves when it answers. */
export async function startPrometheus(target: string, token: string): Promise<Prometheus> {
  const folder = temporaryFolder();
  const config = join(folder, 'prometheus.yml');
  writeFileSync(config, configuration(target, token), { mode: 0o600 });
  const port = await freePort();
  const child = Bun.spawn(
    [
      ...[PROMETHEUS ?? 'prometheus', `--config.file=${config}`],
      ...[`--storage.tsdb.path=${join(folder, 'data')}`],
      ...[`--web.listen-address=127.0.0.1:${port}`, '--log.level=info'],
    ],
    { cwd: folder, stdin: 'ignore', stdout: 'ignore', stderr: 'pipe' },
  );
  let log = '';
  const reading = (async () => {
    for await (const chunk of child.stderr) log += new TextDecoder().decode(chunk);
  })();
  const end = async (): Promise<void> => {
    child.kill('SIGKILL');
    await child.exited;
    await reading;
  };
  try {
    const ended = child.exited.then(() => Promise.reject(new Error('Prometheus ended')));
    await Promise.race([ready(`http://127.0.0.1:${port}/-/ready`), ended]);
  } catch (error) {
    await end();
    throw new Error(`${String(error)}: ${log}`);
  }
  return {
    async query(expression) {
      const response = await fetch(
        `http://127.0.0.1:${port}/api/v1/query?query=${encodeURIComponent(expression)}`,
      );
      const { data } = Value.Parse(Answer, await response.json());
      return new Map(data.result.map(({ metric, value }) => [keyOf(metric), Number(value[1])]));
    },
    log: () => log,
    end,
  };
}

/** What promtool says of a text; empty when it has nothing to say. */
export async function lint(text: string): Promise<string> {
  const child = Bun.spawn([PROMTOOL ?? 'promtool', 'check', 'metrics'], {
    stdin: new Blob([text]),
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const [out, err] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  const code = await child.exited;
  return code === 0 ? out + err : `exit code ${code}: ${out}${err}`;
}

function configuration(target: string, token: string): string {
  return JSON.stringify({
    global: { scrape_interval: '200ms', scrape_timeout: '200ms' },
    scrape_configs: [
      {
        job_name: 'punktfunk',
        authorization: { credentials: token },
        static_configs: [{ targets: [target] }],
      },
    ],
  });
}

/** The samples of a text in the plain form, by the same names as `query` has. */
export function samplesOf(text: string): ReadonlyMap<string, number> {
  const samples = text.split('\n').flatMap((line): [string, number][] => {
    const [, name = '', labels = '', value = ''] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
    const pairs = [...labels.matchAll(/(\w+)="([^"]*)"/g)].map((pair) => [pair[1], pair[2]]);
    return name === ''
      ? []
      : [[keyOf({ __name__: name, ...Object.fromEntries(pairs) }), Number(value)]];
  });
  return new Map(samples);
}

/** `name{a="b",c="d"}`, without what Prometheus adds. */
function keyOf({
  __name__: name = '',
  job: _job,
  instance: _instance,
  ...labels
}: LabelSet): string {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  return `${name}{${pairs.toSorted().join(',')}}`;
}

type LabelSet = Readonly<Record<string, string>>;

async function ready(address: string): Promise<void> {
  for (let waited = 0; waited < 15_000; waited += 50) {
    const answer = await fetch(address).catch(() => undefined);
    if (answer?.status === 200) return;
    await Bun.sleep(50);
  }
  throw new Error('Prometheus was not ready within 15 s');
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ host: '127.0.0.1', port: 0 }, () => {
      const address = server.address();
      server.close(() => {
        if (typeof address === 'object' && address !== null) resolve(address.port);
        else reject(new Error('there is no free port'));
      });
    });
  });
}

function programOf(name: string): string | null {
  const unpacked = join(UNPACKED, name);
  return existsSync(unpacked) ? unpacked : Bun.which(name);
}
