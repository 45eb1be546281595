// dist/punktfunk-host as a child: started on free ports with a configuration directory of its own, asked over its API,
// looked at through /proc, ended by SIGTERM. For bench/ and scripts/run-soak.ts; knows nothing of the host's sources.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

export const EXECUTABLE = resolve(import.meta.dir, '../../dist/punktfunk-host');

/** A start that takes longer has failed. */
const START_LIMIT_MS = 15_000;
const STOP_LIMIT_MS = 15_000;
const RUNTIME_THREADS = /^(JITWorker|HeapHelper|JSC|ollector Thread)/;

/** What the kernel knows of a process. Threads that JavaScriptCore starts and ends as it likes are left out. */
export type Footprint = {
  readonly rss_kb: number;
  readonly threads: number;
  readonly handles: number;
};

export class HostProcess {
  readonly base: string;
  /** From spawn to the first answer of /health. */
  readonly startMs: number;
  readonly #child: Bun.Subprocess;
  readonly #folder: string;
  readonly #token: string;

  private constructor(parts: {
    base: string;
    startMs: number;
    child: Bun.Subprocess;
    folder: string;
    token: string;
  }) {
    this.base = parts.base;
    this.startMs = parts.startMs;
    this.#child = parts.child;
    this.#folder = parts.folder;
    this.#token = parts.token;
  }

  /** Starts a host and waits until it serves. Throws with the end of its log when it does not. */
  static async start(): Promise<HostProcess> {
    const folder = mkdtempSync(join(tmpdir(), 'punktfunk-'));
    const port = freePort();
    const log = join(folder, 'stderr.log');
    const env = {
      ...process.env,
      PUNKTFUNK_CONFIG_DIR: join(folder, 'config'),
      PUNKTFUNK_API_PORT: String(port),
    };
    const base = `http://127.0.0.1:${port}`;
    const started = performance.now();
    const child = Bun.spawn(
      [EXECUTABLE, 'serve', '--gamestream-port', String(freeGamestreamPort())],
      {
        cwd: folder,
        env,
        stdin: 'ignore',
        stdout: 'ignore',
        stderr: Bun.file(log),
      },
    );
    while (!(await answers(base))) {
      if (child.exitCode !== null || performance.now() - started > START_LIMIT_MS) {
        child.kill('SIGKILL');
        const said = readFileSync(log, 'utf8').slice(-2000);
        rmSync(folder, { recursive: true, force: true });
        throw new Error(`${EXECUTABLE} does not serve at ${base}. It said:\n${said}`);
      }
      await Bun.sleep(1);
    }
    const startMs = performance.now() - started;
    const token = Bun.spawnSync([EXECUTABLE, 'token'], { env, cwd: folder })
      .stdout.toString()
      .trim();
    return new HostProcess({ base, startMs, child, folder, token });
  }

  /** A request to the API with the token. */
  async api(method: string, path: string, body?: unknown): Promise<Response> {
    return fetch(`${this.base}/api/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${this.#token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }

  footprint(): Footprint {
    const folder = `/proc/${this.#child.pid}`;
    const status = readFileSync(`${folder}/status`, 'utf8');
    const field = (name: string): number =>
      Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1]);
    return {
      rss_kb: field('VmRSS'),
      threads: threadNames(folder).filter((name) => !RUNTIME_THREADS.test(name)).length,
      handles: readdirSync(`${folder}/fd`).length,
    };
  }

  /** Ends the host as a service manager would; answers its exit status. */
  async stop(): Promise<number> {
    this.#child.kill('SIGTERM');
    const late = setTimeout(() => this.#child.kill('SIGKILL'), STOP_LIMIT_MS);
    const status = await this.#child.exited;
    clearTimeout(late);
    rmSync(this.#folder, { recursive: true, force: true });
    return status;
  }
}

/** A thread that ends while we read has no name any more. */
function threadNames(folder: string): string[] {
  return readdirSync(`${folder}/task`).flatMap((id) => {
    try {
      return [readFileSync(`${folder}/task/${id}/comm`, 'utf8').trim()];
    } catch {
      return [];
    }
  });
}

async function answers(base: string): Promise<boolean> {
  try {
    return (await fetch(`${base}/api/v1/health`)).ok;
  } catch {
    return false;
  }
}

function freePort(): number {
  const probe = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } });
  const { port } = probe;
  probe.stop(true);
  return port;
}

/** GameStream's ports lie around its base port, so only a range of bases is legal. */
function freeGamestreamPort(): number {
  let port = freePort();
  while (port < 1100 || port > 65_000) port = freePort();
  return port;
}
