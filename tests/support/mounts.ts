// Small, read-only and dead file systems in a mount namespace of a test's own: nobody else sees them, and all of them are
// gone with the process that holds it. Needs root, or a kernel that lets users have namespaces.
import { closeSync, fstatSync, ftruncateSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const UNSHARE = [
  'unshare',
  ...(process.getuid?.() === 0 ? [] : ['--map-root-user', '--user']),
  ...['--mount', '--propagation', 'private'],
];

/** Empty, or why tests cannot mount. */
export const missingMounts =
  Bun.spawnSync([...UNSHARE, 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt'], { stderr: 'ignore' })
    .exitCode === 0
    ? ''
    : ' (skipped: this machine lets no test mount anything; root may)';

const FUSE = 'fd=3,rootmode=40000,user_id=0,group_id=0';

/** The same for file systems whose server is gone or does not answer. */
export const missingServers =
  missingMounts !== '' ||
  Bun.spawnSync(
    [...UNSHARE, 'sh', '-c', `exec 3<>/dev/fuse && mount -i -t fuse -o ${FUSE} none /mnt`],
    { stderr: 'ignore' },
  ).exitCode !== 0
    ? ' (skipped: this machine lets no test mount /dev/fuse; root may)'
    : '';

export class Mounts implements AsyncDisposable {
  readonly #holder: Bun.Subprocess<'pipe', 'pipe', 'inherit'>;

  constructor() {
    this.#holder = Bun.spawn([...UNSHARE, 'sh', '-c', 'echo there && exec cat'], {
      stdin: 'pipe',
      stdout: 'pipe',
      stderr: 'inherit',
    });
  }

  /** Its namespace is there. */
  async ready(): Promise<this> {
    const reader = this.#holder.stdout.getReader();
    await reader.read();
    reader.releaseLock();
    return this;
  }

  /** Words before a program that lives in here. */
  get wrapper(): readonly string[] {
    const user = process.getuid?.() === 0 ? [] : ['--user', '--preserve-credentials'];
    return ['nsenter', '--target', String(this.#holder.pid), ...user, '--mount'];
  }

  /** A path in here as it can be read from outside. */
  outside(path: string): string {
    return join('/proc', String(this.#holder.pid), 'root', path);
  }

  run(...command: readonly string[]): void {
    const { exitCode, stderr } = Bun.spawnSync([...this.wrapper, ...command], { stderr: 'pipe' });
    if (exitCode !== 0) throw new Error(`${command.join(' ')}: ${stderr.toString()}`);
  }

  small(folder: string, bytes: number): void {
    this.run('mount', '-t', 'tmpfs', '-o', `size=${bytes},mode=700`, 'tmpfs', folder);
  }

  /** An empty folder over this one that takes nothing, until `uncover`. */
  coverReadOnly(folder: string): void {
    this.run('mount', '-t', 'tmpfs', '-o', 'ro,size=4k', 'tmpfs', folder);
  }

  /** A folder over this one in which every call fails, as of a server that is gone. */
  coverDead(folder: string): void {
    // Nobody reads the other end: with the shell that opened it, it is closed.
    this.run('sh', '-c', `exec 3<>/dev/fuse && mount -i -t fuse -o ${FUSE} none "$0"`, folder);
  }

  /** A folder over this one in which every call waits, as of a server that does not answer. Ends the waiting. */
  async coverHung(folder: string): Promise<() => Promise<void>> {
    const script = `exec 3<>/dev/fuse && mount -i -t fuse -o ${FUSE} none "$0" && echo && exec cat`;
    const server = Bun.spawn([...this.wrapper, 'sh', '-c', script, folder], {
      stdin: 'pipe',
      stdout: 'pipe',
      stderr: 'inherit',
    });
    await server.stdout.getReader().read();
    return async () => {
      server.kill('SIGKILL');
      await server.exited;
      this.uncover(folder);
    };
  }

  uncover(folder: string): void {
    // Lazily: somebody may just look at it.
    this.run('umount', '--lazy', folder);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#holder.kill('SIGKILL');
    await this.#holder.exited;
  }
}

/** Takes the room of a small disk away and gives it back. */
export class Ballast {
  readonly #path: string;

  constructor(folder: string) {
    this.#path = join(folder, '.ballast');
  }

  /** Leaves so many bytes, in whole pages. */
  fill(leave: number): void {
    const page = new Uint8Array(PAGE_BYTES);
    const file = openSync(this.#path, 'a', 0o600);
    try {
      for (;;) writeSync(file, page);
    } catch {
      ftruncateSync(file, Math.max(0, fstatSync(file).size - leave));
    } finally {
      closeSync(file);
    }
  }

  empty(): void {
    rmSync(this.#path, { force: true });
  }
}

const PAGE_BYTES = 4096;
