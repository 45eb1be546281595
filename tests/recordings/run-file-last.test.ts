// A run that ended badly, as the next start finds it: what is offered, what is left alone, what is never a dead start.
import { describe, expect, test } from 'bun:test';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { BlackBoxRing } from '../../host/src/recordings/black-box.ts';
import { realDisk } from '../../host/src/recordings/disk.ts';
import { LAST_NAME } from '../../host/src/recordings/last-run.ts';
import { processStartedUnixMs, systemProcesses } from '../../host/src/recordings/processes.ts';
import { BLOCKS_AT, BLOCKS_BYTES } from '../../host/src/recordings/run-file.ts';
import type { RunWriter } from '../../host/src/recordings/run-writer.ts';
import { announced, ended, SECOND, START_NS, stream } from '../support/black-box.ts';
import { processesOf, RunFolder, UNIX_MS } from '../support/run-folder.ts';

describe('a run that was killed', () => {
  test('is offered with what its black box held, and with the last sign of it', () => {
    using folder = new RunFolder();
    play(folder, folder.writer(), 30);
    const lastRuns = folder.lastRuns();
    expect(lastRuns.status()).toMatchObject({
      started_unix_ms: UNIX_MS,
      last_seen_unix_ms: UNIX_MS + 30_000,
      version: '1.2.3',
      recovered_ids: [],
    });
    // From its oldest frame to the last that was written, a second after the last frame.
    expect(lastRuns.status()?.seconds).toBe(31);
    const left = lastRuns.left();
    expect(left?.inputs[0]).toMatchObject({ kind: 'session', session: { client: 'ann' } });
    expect(framesOf(left?.inputs)).toBe(30 * 60);
  });

  test('loses at most the last second', () => {
    using folder = new RunFolder();
    const ring = new BlackBoxRing();
    const writer = folder.writer();
    ring.take(announced());
    for (const { nowNs, input } of stream(START_NS, 10.8)) {
      ring.take(input);
      writer.tick(ring, nowNs);
      const lost =
        ring.frames - framesOf(folder.lastRuns(processesOf({ self: 100 })).left()?.inputs);
      expect(lost).toBeLessThan(60);
      // That was another start: this run goes on as if it had not been.
      realDisk.rename(join(folder.path, LAST_NAME), folder.pathOf(100));
    }
  });

  test('is kept to 120 s and to some megabytes, however long and fast it streamed', () => {
    using folder = new RunFolder();
    play(folder, folder.writer(), 200, 120);
    expect(statSync(folder.pathOf(100)).size).toBeLessThanOrEqual(BLOCKS_AT + BLOCKS_BYTES);
    const left = folder.lastRuns().left();
    expect(framesOf(left?.inputs)).toBe(119 * 120);
    expect(left?.inputs[0]).toMatchObject({ kind: 'session' });
  });

  test('without a session is told, and holds nothing', () => {
    using folder = new RunFolder();
    folder.writer();
    const lastRuns = folder.lastRuns();
    expect(lastRuns.status()).toMatchObject({ seconds: 0, last_seen_unix_ms: UNIX_MS });
    expect(lastRuns.left()).toBeUndefined();
  });

  test('is offered by every start until somebody dismisses it', () => {
    using folder = new RunFolder();
    play(folder, folder.writer(), 5);
    folder.lastRuns();
    // A start that ends well in between.
    folder.writer({ pid: 200 }).close();
    const lastRuns = folder.lastRuns(processesOf({ self: 300 }));
    expect(lastRuns.status()?.seconds).toBeGreaterThan(4);
    lastRuns.dismiss();
    expect(lastRuns.status()).toBeUndefined();
    expect(readdirSync(folder.path)).toEqual([]);
    expect(folder.lastRuns().status()).toBeUndefined();
  });

  test('that was saved is told with the recording, and forgotten at the next start', () => {
    using folder = new RunFolder();
    play(folder, folder.writer(), 5);
    const lastRuns = folder.lastRuns();
    lastRuns.saved('2026-06-26T20-14-03Z_1280x720');
    expect(lastRuns.status()?.saved_id).toBe('2026-06-26T20-14-03Z_1280x720');
    expect(lastRuns.left()).toBeUndefined();
    expect(folder.lastRuns().status()).toBeUndefined();
  });

  test('does not vanish behind a host that dies again and again at its start', () => {
    using folder = new RunFolder();
    play(folder, folder.writer(), 5);
    for (const pid of [201, 202, 203]) {
      folder.unixMs += 1000;
      folder.lastRuns(processesOf({ self: pid }));
      folder.writer({ pid });
    }
    const lastRuns = folder.lastRuns(processesOf({ self: 300 }));
    expect(framesOf(lastRuns.left()?.inputs)).toBe(5 * 60);
    expect(readdirSync(folder.path)).toEqual(['.black-box.last']);
  });

  test('gives way to a later one that streamed', () => {
    using folder = new RunFolder();
    play(folder, folder.writer(), 5);
    folder.lastRuns();
    folder.unixMs += 60_000;
    play(folder, folder.writer({ pid: 201 }), 7);
    expect(framesOf(folder.lastRuns().left()?.inputs)).toBe(7 * 60);
  });
});

describe('a run that ended well', () => {
  test('leaves nothing', () => {
    using folder = new RunFolder();
    const writer = folder.writer();
    play(folder, writer, 5);
    writer.close();
    expect(readdirSync(folder.path)).toEqual([]);
    expect(folder.lastRuns().status()).toBeUndefined();
  });
});

describe('who is dead', () => {
  const left = (processes: ReturnType<typeof processesOf>): boolean => {
    using folder = new RunFolder();
    folder.writer({ pid: 100, startTicks: '5000', bootId: 'boot-a' });
    const offered = folder.lastRuns(processes).status() !== undefined;
    expect(existsSync(folder.pathOf(100))).toBe(!offered);
    return offered;
  };

  test('is a process that is not there', () => {
    expect(left(processesOf({ self: 200 }))).toBe(true);
  });

  test('is not one that lives', () => {
    expect(left(processesOf({ self: 200, living: { 100: '5000' } }))).toBe(false);
  });

  test('is one whose number another has now', () => {
    expect(left(processesOf({ self: 200, living: { 100: '6000' } }))).toBe(true);
  });

  test('is one of an earlier boot', () => {
    const living = { 100: '5000' };
    expect(left(processesOf({ self: 200, living, bootId: 'boot-b' }))).toBe(true);
  });

  test('is one that had our own number, as in a container', () => {
    expect(left(processesOf({ self: 100, living: { 100: '9999' } }))).toBe(true);
  });

  test('this process is known to this machine, a number beyond all is not', () => {
    const { self, find } = systemProcesses();
    expect(find(process.pid)).toEqual(self);
    expect(self.startTicks).toMatch(/^\d+$/);
    expect(self.bootId).toMatch(/^[0-9a-f-]{36}$/);
    expect(find(4_194_305)).toBeUndefined();
    // Another user's, or everybody's: it lives.
    expect(find(1)).toMatchObject({ pid: 1 });
  });
});

test('a process knows when it began, also when it asks late', () => {
  const nowMs = Date.now();
  const startedMs = nowMs - process.uptime() * 1000;
  expect(Math.abs((processStartedUnixMs(nowMs) ?? 0) - startedMs)).toBeLessThan(2000);
});

describe('what may lie there', () => {
  test('cut at every length: never a dead start, and what is whole before the cut is there', () => {
    using folder = new RunFolder();
    play(folder, folder.writer(), 4);
    const whole = readFileSync(folder.pathOf(100));
    const lengths = new Set(
      [...Array(300).keys()].map((i) => Math.round((i / 299) * whole.length)),
    );
    for (const length of [...lengths, ...[1, 19, 20, 2047, 2048, 2049, 4095, 4096, 4097]]) {
      writeFileSync(folder.pathOf(100), whole.subarray(0, length));
      const lastRuns = folder.lastRuns();
      const frames = framesOf(lastRuns.left()?.inputs);
      expect(frames).toBeLessThanOrEqual(240);
      if (length >= BLOCKS_AT) expect(lastRuns.status()).toBeDefined();
      lastRuns.dismiss();
    }
  });

  test('noise of any kind is removed and told', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 6000 }), (noise) => {
        using folder = new RunFolder();
        writeFileSync(folder.pathOf(100), noise);
        expect(folder.lastRuns().status()).toBeUndefined();
        expect(readdirSync(folder.path)).toEqual([]);
        expect(folder.lines).toHaveLength(1);
      }),
      { numRuns: 30 },
    );
  });

  test('noise of a living process is left alone', () => {
    using folder = new RunFolder();
    writeFileSync(folder.pathOf(100), 'not yet');
    folder.lastRuns(processesOf({ self: 200, living: { 100: '1' } }));
    expect(readdirSync(folder.path)).toEqual(['.black-box.100']);
  });

  test('a huge file is read no further than a black box can be long', () => {
    using folder = new RunFolder();
    play(folder, folder.writer(), 3);
    truncateSync(folder.pathOf(100), 40_000_000_000);
    const before = performance.now();
    expect(framesOf(folder.lastRuns().left()?.inputs)).toBe(180);
    expect(performance.now() - before).toBeLessThan(2000);
  });

  test('folders, links and other names are nobody’s business', () => {
    using folder = new RunFolder();
    mkdirSync(folder.pathOf(100));
    writeFileSync(join(folder.path, 'elsewhere'), 'mine');
    symlinkSync(join(folder.path, 'elsewhere'), folder.pathOf(101));
    for (const name of ['.black-box.0', '.black-box.x', '.black-box.99999999999', 'black-box.5']) {
      writeFileSync(join(folder.path, name), 'mine');
    }
    const before = readdirSync(folder.path).sort();
    expect(folder.lastRuns().status()).toBeUndefined();
    expect(readdirSync(folder.path).sort()).toEqual(before);
    expect(readFileSync(join(folder.path, 'elsewhere'), 'utf8')).toBe('mine');
  });

  test('a folder that is not there, or a disk that refuses everything, is no dead start', () => {
    using folder = new RunFolder();
    play(folder, folder.writer(), 3);
    const refuse = (): never => {
      throw new Error('EIO');
    };
    const broken = { ...realDisk, list: refuse, open: refuse, rename: refuse, remove: refuse };
    expect(folder.lastRuns(undefined, broken).status()).toBeUndefined();
    expect(folder.lastRuns(undefined, { ...realDisk, rename: refuse }).status()).toBeUndefined();
    expect(folder.lastRuns().status()).toBeDefined();
  });
});

describe('writing it', () => {
  test('makes a private file, and takes the place of whatever lies under its name', () => {
    using folder = new RunFolder();
    writeFileSync(join(folder.path, 'target'), 'mine');
    symlinkSync(join(folder.path, 'target'), folder.pathOf(100));
    folder.writer();
    expect(statSync(folder.pathOf(100)).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(folder.path, 'target'), 'utf8')).toBe('mine');
  });

  test('does nothing while nobody streams', () => {
    using folder = new RunFolder();
    const writer = folder.writer();
    const before = writer.bytesWritten;
    const ring = new BlackBoxRing();
    for (let s = 0n; s < 3600n; s += 1n) writer.tick(ring, START_NS + s * SECOND);
    expect(writer.bytesWritten).toBe(before);
  });

  test('forgets with the black box: two minutes after the last session nothing of it lies there', () => {
    using folder = new RunFolder();
    const writer = folder.writer();
    const ring = play(folder, writer, 5);
    const endNs = START_NS + 5n * SECOND;
    ring.take(ended(1, endNs));
    for (const s of [2n, 125n]) {
      ring.tick(endNs + s * SECOND);
      writer.tick(ring, endNs + s * SECOND);
    }
    expect(statSync(folder.pathOf(100)).size).toBe(BLOCKS_AT);
    expect(folder.lastRuns().status()).toMatchObject({ seconds: 0 });
  });

  test('on a full disk is told once, disturbs nobody, and goes on once there is room', () => {
    using folder = new RunFolder();
    let full = false;
    const disk = {
      ...realDisk,
      write(file: number, bytes: Uint8Array, at: number) {
        // Half of it fits: a torn write.
        if (full) realDisk.write(file, bytes.subarray(0, bytes.byteLength / 2), at);
        if (full) throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
        realDisk.write(file, bytes, at);
      },
    };
    const writer = folder.writer({ disk });
    const ring = new BlackBoxRing();
    ring.take(announced());
    const faults = new Set<number>();
    for (const { nowNs, input } of stream(START_NS, 20)) {
      const second = Number(nowNs - START_NS) / 1e9;
      full = second > 5 && second < 12;
      ring.take(input);
      ring.tick(nowNs);
      writer.tick(ring, nowNs);
      if (writer.fault !== undefined) faults.add(Math.floor(second));
    }
    writer.tick(ring, START_NS + 21n * SECOND);
    expect([...faults]).toEqual([5, 6, 7, 8, 9, 10, 11, 12]);
    expect(writer.fault).toBeUndefined();
    expect(folder.lines).toHaveLength(1);
    expect(framesOf(folder.lastRuns().left()?.inputs)).toBe(20 * 60);
  });

  test('survives that somebody deletes the file: it is made anew with all that is held', () => {
    using folder = new RunFolder();
    const writer = folder.writer();
    const ring = new BlackBoxRing();
    ring.take(announced());
    for (const { nowNs, input } of stream(START_NS, 10)) {
      ring.take(input);
      if (nowNs === START_NS + 5n * SECOND) realDisk.remove(folder.pathOf(100));
      writer.tick(ring, nowNs);
    }
    writer.tick(ring, START_NS + 11n * SECOND);
    expect(framesOf(folder.lastRuns().left()?.inputs)).toBe(600);
  });
});

/** Streams for a while, the writer ticking as the recorder polls, and once more. */
function play(folder: RunFolder, writer: RunWriter, seconds: number, fps = 60): BlackBoxRing {
  const startedUnixMs = folder.unixMs;
  const ring = new BlackBoxRing();
  ring.take(announced());
  for (const { nowNs, input } of stream(START_NS, seconds, { fps })) {
    ring.take(input);
    ring.tick(nowNs);
    folder.unixMs = startedUnixMs + Math.round(Number(nowNs - START_NS) / 1e6);
    writer.tick(ring, nowNs);
  }
  writer.tick(ring, START_NS + BigInt(Math.round(seconds * 1e9)) + SECOND);
  return ring;
}

function framesOf(inputs: readonly { readonly kind: string }[] | undefined): number {
  return (inputs ?? []).reduce((sum, input) => {
    return 'bytes' in input && input.bytes instanceof Uint8Array
      ? sum + input.bytes.byteLength / 64
      : sum;
  }, 0);
}
