// Starts real X servers and painters for tests, and ends them by process id.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Subprocess } from 'bun';
import type { Size } from './video.ts';

const ROOT = join(import.meta.dir, '../..');

export type PaintReport = {
  readonly painted: number;
  readonly first_counter: number;
  readonly last_counter: number;
  readonly late: number;
};

/** An X server without a screen of glass. */
export class Xvfb implements AsyncDisposable {
  private constructor(
    readonly display: string,
    private readonly process: Subprocess,
  ) {}

  static async start(size: Size): Promise<Xvfb> {
    const process = Bun.spawn(
      [
        ...['Xvfb', '-displayfd', '1', '-screen', '0', `${size.width}x${size.height}x24`],
        ...['-nolisten', 'tcp', '-noreset'],
      ],
      { stdin: 'ignore', stdout: 'pipe', stderr: 'ignore' },
    );
    let text = '';
    for await (const chunk of process.stdout) {
      text += new TextDecoder().decode(chunk);
      if (text.includes('\n')) break;
    }
    const number = text.trim();
    if (!/^\d+$/.test(number)) throw new Error(`Xvfb told no display: ${JSON.stringify(text)}`);
    return new Xvfb(`:${number}`, process);
  }

  signal(signal: NodeJS.Signals): void {
    this.process.kill(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.process.kill('SIGCONT');
    this.process.kill('SIGKILL');
    await this.process.exited;
  }
}

/** Paints the test marker on a display. */
export class Painter implements AsyncDisposable {
  private readonly process: Subprocess<'ignore', 'pipe', 'inherit'>;

  constructor(display: string, options: { readonly fps: number; readonly frames?: number }) {
    const count = options.frames === undefined ? [] : ['--frames', String(options.frames)];
    this.process = Bun.spawn(
      [painterPath(), '--display', display, '--fps', String(options.fps), ...count],
      { stdin: 'ignore', stdout: 'pipe', stderr: 'inherit' },
    );
  }

  /** Waits until it has painted its frames. */
  async report(): Promise<PaintReport> {
    return JSON.parse(await new Response(this.process.stdout).text());
  }

  signal(signal: NodeJS.Signals): void {
    this.process.kill(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.process.kill('SIGKILL');
    await this.process.exited;
  }
}

function painterPath(): string {
  const own = process.env['CARGO_TARGET_DIR'] ?? join(ROOT, 'engine/target');
  const found = [
    join(ROOT, 'engine/target/tests/release'),
    join(own, 'debug'),
    join(own, 'release'),
  ]
    .map((folder) => join(folder, 'paint-x11'))
    .find((path) => existsSync(path));
  if (found === undefined) {
    throw new Error('paint-x11 is not built; run: cargo build -p pf-testkit --bins (in engine/)');
  }
  return found;
}
