// A host that ends before anybody asked it anything or streamed: badly, and the next start tells; well, and nothing is left.
import { describe, expect, test } from 'bun:test';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { VERSION } from '../../host/src/version.ts';
import { type Host, missingExecutable, startHost, temporaryFolder } from '../support/host.ts';
import { status } from '../support/stream-faults.ts';

describe.skipIf(missingExecutable !== '')(`a host nobody asked${missingExecutable}`, () => {
  test('that is killed as soon as it serves is told by the next start, and no more once that is dismissed', async () => {
    await using place = new Place();
    const began = Date.now();
    const first = await place.host();
    await first.end('SIGKILL');
    const killed = Date.now();
    const second = await place.host();
    const { last_run: told } = await status(second);
    expect(told).toMatchObject({ version: VERSION, seconds: 0, recovered_ids: [] });
    // Starts are told in hundredths of a second.
    expect(told?.started_unix_ms).toBeGreaterThan(began - 100);
    expect(told?.started_unix_ms).toBeLessThan(killed);
    expect(told?.last_seen_unix_ms).toBeLessThanOrEqual(killed);
    await second.json('DELETE', '/api/v1/stats/last-run');
    expect(await second.end()).toBe(0);
    expect(place.left()).toEqual([]);
    const third = await place.host();
    expect((await status(third)).last_run).toBeUndefined();
  }, 30_000);

  test('that is killed again before it told is not forgotten', async () => {
    await using place = new Place();
    for (let i = 0; i < 3; i += 1) await (await place.host()).end('SIGKILL');
    expect((await status(await place.host())).last_run).toMatchObject({ version: VERSION });
  }, 30_000);

  test('that ends well leaves nothing to be told', async () => {
    await using place = new Place();
    const host = await place.host();
    expect(place.left()).toEqual([`.black-box.${host.pid}`]);
    expect(await host.end()).toBe(0);
    expect(place.left()).toEqual([]);
  }, 30_000);

  test('beside another on the same folder leaves the other’s sign alone', async () => {
    await using place = new Place();
    const [first, second] = [await place.host(), await place.host()];
    expect((await status(second)).last_run).toBeUndefined();
    expect(place.left()).toEqual([first, second].map(({ pid }) => `.black-box.${pid}`).toSorted());
  }, 30_000);

  test('leaves none without a black box, and serves where nothing can be written, which it says once', async () => {
    await using off = new Place();
    await off.host('--black-box', 'off');
    expect(existsSync(off.captures)).toBe(false);
    await using blocked = new Place();
    mkdirSync(blocked.configDir, { recursive: true });
    writeFileSync(blocked.captures, 'a file');
    const host = await blocked.host();
    expect(await host.end()).toBe(0);
    expect(host.stderr().match(/captures\/ cannot be written/g)?.length).toBe(1);
  }, 30_000);
});

/** A config directory in which hosts come and go. */
class Place implements AsyncDisposable {
  readonly configDir = temporaryFolder();
  readonly captures = join(this.configDir, 'captures');
  readonly #hosts: Host[] = [];

  async host(...args: readonly string[]): Promise<Host> {
    const host = await startHost({ configDir: this.configDir, args });
    this.#hosts.push(host);
    return host;
  }

  left(): string[] {
    return readdirSync(this.captures).toSorted();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const host of this.#hosts) await host.end('SIGKILL');
    rmSync(this.configDir, { recursive: true, force: true });
  }
}
