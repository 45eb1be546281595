// Starts dist/punktfunk-host as a user would: from an empty directory, on free ports, with a config directory of its
// own. Ends it by its pid.
import { existsSync, mkdirSync, mkdtempSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const EXECUTABLE = join(import.meta.dir, '../../dist/punktfunk-host');
/** Empty, or why tests of the executable cannot run. */
export const missingExecutable = existsSync(EXECUTABLE)
  ? ''
  : ' (skipped: there is no dist/punktfunk-host; scripts/build makes it)';

export interface HostOptions {
  readonly configDir?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly args?: readonly string[];
  /** Words before the executable, such as unshare. */
  readonly wrapper?: readonly string[];
  readonly apiPort?: number;
  readonly gamestreamPort?: number;
}

export interface Host {
  readonly address: string;
  readonly token: string;
  readonly configDir: string;
  readonly gamestreamPort: number;
  readonly pid: number;
  ask(method: string, path: string, init?: RequestInit): Promise<Response>;
  json(method: string, path: string, body?: unknown): Promise<unknown>;
  /** Sends a signal and answers the exit code (128 + n when killed). */
  end(signal?: 'SIGTERM' | 'SIGKILL' | 'SIGINT'): Promise<number>;
  stderr(): string;
}

/** Starts the host and waits until it serves. */
export async function startHost(options: HostOptions = {}): Promise<Host> {
  const configDir = options.configDir ?? temporaryFolder();
  const gamestreamPort = options.gamestreamPort ?? (await freeGamestreamPort());
  const child = Bun.spawn(
    [
      ...(options.wrapper ?? []),
      EXECUTABLE,
      'serve',
      '--gamestream-port',
      String(gamestreamPort),
      '--api-port',
      String(options.apiPort ?? 0),
      ...(options.args ?? []),
    ],
    {
      cwd: temporaryFolder(),
      env: {
        ...cleanEnv(),
        PUNKTFUNK_CONFIG_DIR: configDir,
        ...(options.wrapper?.includes('netns') ? { PUNKTFUNK_DISCOVERY: 'on' } : {}),
        ...options.env,
      },
      stdin: 'ignore',
      stdout: 'pipe',
      stderr: 'pipe',
    },
  );
  let log = '';
  const serving = Promise.withResolvers<string>();
  const reading = (async () => {
    const decoder = new TextDecoder();
    for await (const chunk of child.stderr) {
      log += decoder.decode(chunk, { stream: true });
      const address = /"message":"serving","address":"([^"]+)"/.exec(log)?.[1];
      if (address !== undefined) serving.resolve(address);
    }
    serving.reject(new Error(`the host ended before it served: ${log}`));
  })();
  serving.promise.catch(() => undefined);
  const address = await serving.promise;
  const token = await readToken(configDir, options.wrapper ?? []);
  const { wrapper = [] } = options;
  const ask: Host['ask'] = (method, path, init = {}) => {
    const headers = new Headers(init.headers);
    headers.set('authorization', `Bearer ${token}`);
    const request = { ...init, method, headers };
    // In a network of its own it is reached from there alone.
    if (wrapper.includes('netns')) return askThrough(wrapper, `${address}${path}`, request);
    return fetch(`${address}${path}`, request);
  };
  return {
    address,
    token,
    configDir,
    gamestreamPort,
    pid: child.pid,
    ask,
    async json(method, path, body) {
      const response = await ask(method, path, {
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        headers: body === undefined ? {} : { 'content-type': 'application/json' },
      });
      const text = await response.text();
      if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
      return text === '' ? undefined : JSON.parse(text);
    },
    async end(signal = 'SIGTERM') {
      child.kill(signal);
      const code = await child.exited;
      await reading;
      return code;
    },
    stderr: () => log,
  };
}

export interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a subcommand to its end. */
export async function run(
  args: readonly string[],
  options: {
    readonly env?: Readonly<Record<string, string | undefined>>;
    readonly cwd?: string;
    readonly executable?: string;
  } = {},
): Promise<Result> {
  const child = Bun.spawn([options.executable ?? EXECUTABLE, ...args], {
    cwd: options.cwd ?? temporaryFolder(),
    env: options.env ?? { ...cleanEnv(), PUNKTFUNK_CONFIG_DIR: temporaryFolder() },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const [stdout, stderr] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  return { code: await child.exited, stdout, stderr };
}

/** From a base port less five up to the base and 21: what one host takes, and room beside it. */
const PORTS_PER_HOST = 32;
const FIRST_BASE = 20_005;
/** Above, the kernel takes ports of its own choice. */
const LAST_PORT = 32_000;
const BLOCKS = Math.floor((LAST_PORT - FIRST_BASE) / PORTS_PER_HOST);
/** Two processes that test at the same time begin far from each other. */
let nextBlock = (process.pid * 149) % BLOCKS;

/** A base port whose three GameStream ports are free now, never the same twice in a row of several hundred. */
export async function freeGamestreamPort(): Promise<number> {
  for (let tries = 0; tries < BLOCKS; tries += 1) {
    const base = FIRST_BASE + PORTS_PER_HOST * nextBlock;
    nextBlock = (nextBlock + 1) % BLOCKS;
    const free = await Promise.all([base, base - 5, base + 21].map(isFree));
    if (free.every(Boolean)) return base;
  }
  throw new Error(`no three free ports were found between ${FIRST_BASE} and ${LAST_PORT}`);
}

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'punktfunk-test-'));
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** The environment without what would steer the host, and not announced on a network that the test did not make. */
export function cleanEnv(): Record<string, string | undefined> {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(PUNKTFUNK_|XDG_|DISPLAY$|WAYLAND_DISPLAY$|BUN_)/.test(name),
  );
  return { ...Object.fromEntries(kept), PUNKTFUNK_DISCOVERY: 'off' };
}

/** fetch() by way of curl in another network namespace. */
async function askThrough(
  wrapper: readonly string[],
  url: string,
  { method = 'GET', headers, body }: RequestInit,
): Promise<Response> {
  const lines = [...new Headers(headers)].map(([name, value]) => `${name}: ${value}`);
  const child = Bun.spawn(
    [
      ...[...wrapper, 'curl', '-s', '-S', '-m', '20', '-X', method, '-w', '\n%{http_code}'],
      ...lines.flatMap((line) => ['-H', line]),
      ...(typeof body === 'string' ? ['--data-binary', body] : []),
      url,
    ],
    { stdin: 'ignore', stdout: 'pipe', stderr: 'inherit' },
  );
  const text = await new Response(child.stdout).text();
  const at = text.lastIndexOf('\n');
  const status = Number(text.slice(at + 1));
  if (!(status >= 200)) throw new Error(`${method} ${url}: curl got no answer`);
  return new Response(status === 204 ? null : text.slice(0, at), { status });
}

async function readToken(configDir: string, wrapper: readonly string[]): Promise<string> {
  // Inside a mount namespace of its own the token may not be visible from here.
  const result = await run(['token'], { env: { ...cleanEnv(), PUNKTFUNK_CONFIG_DIR: configDir } });
  if (result.code !== 0 && wrapper.length === 0) throw new Error(result.stderr);
  return result.stdout.trim();
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ host: '0.0.0.0', port, exclusive: true }, () =>
      server.close(() => resolve(true)),
    );
  });
}
