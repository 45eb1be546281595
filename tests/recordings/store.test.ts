// The recordings in captures/: listed, opened, changed; and what else may lie there.
import { describe, expect, test } from 'bun:test';
import {
  mkdirSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import fc from 'fast-check';
import type { CaptureMeta } from '../../contract/stats.ts';
import { AppError } from '../../host/src/errors.ts';
import { ownerOf } from '../../host/src/recordings/folder.ts';
import type { ListQuery } from '../../host/src/recordings/service.ts';
import { RecordingStore } from '../../host/src/recordings/store.ts';
import { parseCapture, serializeCapture } from '../../recording/src/format.ts';
import { parseRecordingId } from '../../recording/src/recording-id.ts';
import { firstFormat, longRecording } from '../support/seeded-recordings.ts';
import { idOf, recordingNo, StoreFolder } from '../support/stored-recordings.ts';

describe('list', () => {
  test('has the newest first, with its size on disk and what the file says of itself', () => {
    using folder = new StoreFolder();
    const ids = [1, 2, 3].map((n) =>
      folder.put(recordingNo(n, n === 2 ? { recovered: true, trigger: 'freeze' } : {})),
    );
    const { metas, next } = folder.store().list();
    expect(metas.map(({ id }) => id)).toEqual(ids.toReversed());
    expect(next).toBeUndefined();
    expect(metas[1]).toMatchObject({ recovered: true, trigger: 'freeze' });
    const id = ids[0] ?? '';
    const sizes = ['.json', '.json.gz', '.frames.parquet'].map(
      (suffix) => statSync(join(folder.captures, `${id}${suffix}`)).size,
    );
    expect(metas[2]?.bytes).toBe(sizes.reduce((sum, size) => sum + size));
  });

  test('orders recordings of one second by their number', () => {
    using folder = new StoreFolder();
    const { meta } = recordingNo(1);
    const ids = ['', '-2', '-10', '-9'].map((n) => meta.id.replace('Z_', `Z${n}_`));
    for (const id of ids) folder.put(recordingNo(1, { id }));
    const listed = folder
      .store()
      .list()
      .metas.map(({ id }) => /Z(.*)_/.exec(id)?.[1]);
    expect(listed).toEqual(['-10', '-9', '-2', '']);
  });

  test('pages through everything exactly once, whatever the limit', () => {
    using folder = new StoreFolder();
    for (let n = 0; n < 23; n += 1) folder.put(recordingNo(n));
    for (const name of ['notes.txt', 'a b.json', 'a-b.json', 'x.frames.parquet'])
      folder.write(name, '?');
    const store = folder.store();
    const all = store.list().metas.map(({ id }) => id);
    expect(all).toHaveLength(27);
    for (const limit of [1, 2, 7, 26, 27, 1000]) expect(everyPage(store, { limit })).toEqual(all);
  });

  test('goes on after a recording that was deleted meanwhile', () => {
    using folder = new StoreFolder();
    const ids = [0, 1, 2, 3, 4, 5].map((n) => folder.put(recordingNo(n))).toReversed();
    const store = folder.store();
    const first = store.list({ limit: 3 });
    const after = idOf(first.next ?? '');
    store.remove(after);
    expect(store.list({ after }).metas.map(({ id }) => id)).toEqual(ids.slice(3));
    // A host that was started since never had it in a list, but its name says when it was.
    expect(
      folder
        .store()
        .list({ after })
        .metas.map(({ id }) => id),
    ).toEqual(ids.slice(3));
    expect(codeOf(() => store.list({ after: 'nobody-knows' }))).toBe('unknown_recording');
  });

  test('finds by kind, tag, star, time and text', () => {
    using folder = new StoreFolder();
    const ids = [0, 1, 2, 3].map((n) =>
      folder.put(recordingNo(n, { kind: n === 0 ? 'native' : 'gamestream', client: `Deck ${n}` })),
    );
    folder.write('broken.json', '{');
    const store = folder.store();
    store.change(idOf(ids[1] ?? ''), { name: 'Elden Ring', tags: ['wifi', 'bad'], starred: true });
    store.change(idOf(ids[2] ?? ''), { note: 'after the UPDATE' });
    const found = (query: ListQuery): number[] =>
      store.list(query).metas.map(({ id }) => ids.map(String).indexOf(id));
    expect(found({ kind: 'native' })).toEqual([0]);
    expect(found({ tag: 'bad' })).toEqual([1]);
    expect(found({ tag: 'ba' })).toEqual([]);
    expect(found({ starred: true })).toEqual([1]);
    expect(found({ starred: false })).toEqual([3, 2, 0]);
    expect(found({ text: 'elden' })).toEqual([1]);
    expect(found({ text: 'update' })).toEqual([2]);
    expect(found({ text: 'WIFI' })).toEqual([1]);
    expect(found({ text: 'deck 3' })).toEqual([3]);
    expect(found({ text: 'BROKEN' })).toEqual([-1]);
    const times = store.list().metas.map(({ started_unix_ms }) => started_unix_ms);
    expect(found({ fromUnixMs: times[2] ?? 0, toUnixMs: times[0] ?? 0 })).toEqual([2, 1]);
    expect(found({ kind: 'gamestream', starred: false, text: 'deck' })).toEqual([3, 2]);
  });

  test('sees what changed in a file since, also when size and time are the same', () => {
    using folder = new StoreFolder();
    const id = folder.put(recordingNo(1, { client: 'one' }));
    const store = folder.store();
    const path = join(folder.captures, `${id}.json`);
    const { atime, mtime } = statSync(path);
    expect(store.list().metas[0]?.client).toBe('one');
    folder.write(`${id}.json`, serializeCapture(recordingNo(1, { client: 'two' })));
    utimesSync(path, atime, mtime);
    expect(store.list().metas[0]?.client).toBe('two');
  });

  test('believes nothing a file says that only the list can know', () => {
    using folder = new StoreFolder();
    const damaged = { file: '/etc/passwd', reason: 'none' };
    const id = folder.put(recordingNo(1, { bytes: 1, deleted_unix_ms: 5, damaged }));
    const { metas } = folder.store().list();
    expect(metas[0]).toMatchObject({ id, started_unix_ms: recordingNo(1).meta.started_unix_ms });
    expect(metas[0]?.bytes).toBeGreaterThan(100);
    expect(metas[0]).not.toHaveProperty('damaged');
    expect(metas[0]).not.toHaveProperty('deleted_unix_ms');
  });

  test('a file goes by its name, whatever id it holds', () => {
    using folder = new StoreFolder();
    folder.write('copy.json', serializeCapture(recordingNo(1)));
    expect(
      folder
        .store()
        .list()
        .metas.map(({ id }) => id),
    ).toEqual(['copy']);
  });
});

describe('what is no recording', () => {
  test('comes last and says why; folders, hidden and temporary files do not come at all', () => {
    using folder = new StoreFolder();
    const id = folder.put(recordingNo(1));
    folder.write('empty.json', '');
    folder.write('foreign.json', '{"hello":"world"}');
    folder.write('text.json', 'not even JSON');
    folder.write('notes.txt', 'remember the milk');
    folder.write('x.user.json', '{}');
    folder.write('late.json', serializeCapture(recordingNo(2, { started_unix_ms: 9e15 })));
    folder.write('.hidden.json', serializeCapture(recordingNo(3)));
    folder.write(`.${id}.json.1.tmp`, 'half');
    mkdirSync(join(folder.captures, 'folder.json'));
    const { metas } = folder.store().list();
    expect(metas[0]?.damaged).toBeUndefined();
    const reasons = new Map(metas.slice(1).map((meta) => [meta.damaged?.file, meta]));
    expect([...reasons.keys()].sort()).toEqual(
      ['empty.json', 'foreign.json', 'late.json', 'notes.txt', 'text.json', 'x.user.json'].sort(),
    );
    expect(reasons.get('empty.json')?.damaged?.reason).toBe('the file is empty');
    expect(reasons.get('foreign.json')?.damaged?.reason).toContain(
      '/ must have required properties',
    );
    expect(reasons.get('text.json')?.damaged?.reason).toContain('not JSON');
    expect(reasons.get('late.json')?.damaged?.reason).toContain('/meta/started_unix_ms is no time');
    expect(reasons.get('notes.txt')?.damaged?.reason).toContain('the name is not');
    expect(reasons.get('x.user.json')).toMatchObject({
      id: 'x',
      damaged: { reason: 'it belongs to a recording, but x.json is missing' },
    });
    expect(reasons.get('text.json')).toMatchObject({ id: 'text', started_unix_ms: 0, kind: '' });
  });

  test('links, pipes and sockets are named and neither opened nor waited for', async () => {
    using folder = new StoreFolder();
    const id = folder.put(recordingNo(1));
    const outside = join(folder.configDir, 'outside.json');
    writeFileSync(outside, serializeCapture(recordingNo(2)));
    symlinkSync(outside, join(folder.captures, 'link.json'));
    symlinkSync(`${id}.json`, join(folder.captures, 'inside.json'));
    expect(Bun.spawnSync(['mkfifo', join(folder.captures, 'pipe.json')]).exitCode).toBe(0);
    rmSync(join(folder.captures, `${id}.frames.parquet`));
    symlinkSync(outside, join(folder.captures, `${id}.frames.parquet`));
    const server = createServer();
    await new Promise<void>((done) => {
      server.listen(join(folder.captures, 'socket.json'), done);
    });
    try {
      const store = folder.store();
      const { metas } = store.list();
      expect(metas.filter(({ damaged }) => damaged === undefined).map((m) => m.id)).toEqual([id]);
      const named = metas.slice(1).map(({ damaged }) => damaged?.file);
      expect(named.sort()).toEqual(
        [`${id}.frames.parquet`, 'inside.json', 'link.json', 'pipe.json', 'socket.json'].sort(),
      );
      for (const name of ['link', 'inside', 'pipe', 'socket']) {
        expect(store.open(idOf(name))).toBeUndefined();
        expect(store.remove(idOf(name))).toBe(false);
      }
      expect(store.framesPath(id)).toBeUndefined();
    } finally {
      server.close();
    }
  });

  test('names that could move a cursor are escaped, and no id leads to them', () => {
    using folder = new StoreFolder();
    for (const name of ['evil\u001b[2J\n.json', 'back\\slash.json', 'пример.json', '..x.json.']) {
      folder.write(name, 'x');
    }
    const { metas } = folder.store().list();
    for (const { id, damaged } of metas) {
      expect(damaged?.file).toMatch(/^[\x20-\x7e]+$/);
      expect(parseRecordingId(id)).toBeDefined();
      expect(folder.store().open(idOf(id))).toBeUndefined();
    }
    expect(metas.map(({ damaged }) => damaged?.file).sort()).toEqual([
      '\\u{43f}\\u{440}\\u{438}\\u{43c}\\u{435}\\u{440}.json',
      'back\\u{5c}slash.json',
      'evil\\u{1b}[2J\\u{a}.json',
    ]);
    expect(new Set(metas.map(({ id }) => id)).size).toBe(3);
  });

  test('a recording cut off at any byte is never listed as whole', () => {
    using folder = new StoreFolder();
    const text = serializeCapture({
      ...recordingNo(1),
      sessions: [],
      events: [{ t_ms: 1, kind: 'marker', detail: { text: ']}\\n"' } }],
    });
    const bytes = Buffer.from(text);
    // The line's end is not part of the recording: without it nothing is missing.
    for (let length = 0; length < bytes.length - 1; length += 1) {
      folder.write(`cut${length}.json`, bytes.subarray(0, length));
    }
    folder.write('whole.json', bytes.subarray(0, bytes.length - 1));
    const store = folder.store();
    const { metas } = store.list();
    expect(metas).toHaveLength(bytes.length);
    expect(metas.filter(({ damaged }) => damaged === undefined).map(({ id }) => id)).toEqual([
      'whole',
    ]);
    for (const { id } of metas.slice(1)) {
      expect(codeOf(() => store.open(idOf(id)))).toBe('recording_damaged');
    }
    expect(store.open(idOf('whole'))?.kind).toBe('text');
  });

  test('one damaged in its middle is found when it is opened, or when there is time to look', () => {
    using folder = new StoreFolder();
    const text = serializeCapture({ ...longRecording(), version: 2 });
    const broken = (at: number): string => `${text.slice(0, at)}\u0000${text.slice(at + 1)}`;
    folder.write('a.json', broken(text.length >> 1));
    folder.write('b.json', broken(text.length >> 1));
    folder.write('c.json', text);
    const waiting: (() => void)[] = [];
    const store = folder.store({ later: (run) => waiting.push(run) });
    const damagedOnes = (): string[] =>
      store.list().metas.flatMap(({ id, damaged }) => (damaged === undefined ? [] : [id]));
    expect(damagedOnes()).toEqual([]);
    expect(codeOf(() => store.open(idOf('a')))).toBe('recording_damaged');
    expect(damagedOnes()).toEqual(['a']);
    let looks = 0;
    for (let run = waiting.shift(); run !== undefined; run = waiting.shift()) {
      run();
      looks += 1;
    }
    // The two that were not opened, and that there are no more.
    expect(looks).toBe(3);
    expect(damagedOnes()).toEqual(['a', 'b']);
    expect(store.open(idOf('c'))?.kind).toBe('file');
  });

  test('a huge file costs neither time nor memory', () => {
    using folder = new StoreFolder();
    folder.write('huge.json', serializeCapture(recordingNo(1)));
    truncateSync(join(folder.captures, 'huge.json'), 2 ** 40);
    folder.write('large.json', '[');
    truncateSync(join(folder.captures, 'large.json'), 100 * 1024 * 1024);
    const store = folder.store();
    const begun = performance.now();
    const reasons = store.list().metas.map(({ damaged }) => damaged?.reason);
    expect(performance.now() - begun).toBeLessThan(1000);
    expect(reasons).toEqual([
      '1099511627776 bytes is too large for a recording',
      'it does not begin like a recording, and 104857600 bytes is too large to search',
    ]);
    expect(codeOf(() => store.open(idOf('huge')))).toBe('recording_damaged');
    expect(store.remove(idOf('huge'), 'forever')).toBe(true);
  });

  test('many large files of other programs are read a few at a time', () => {
    using folder = new StoreFolder();
    const { samples, ...rest } = recordingNo(1);
    const text = JSON.stringify({ samples, padding: 'x'.repeat(200_000), ...rest });
    const large = text + ' '.repeat(15 * 1024 * 1024);
    for (let n = 0; n < 6; n += 1) folder.write(`foreign${n}.json`, large);
    const store = folder.store();
    const readable = (): number =>
      store.list().metas.filter(({ damaged }) => damaged === undefined).length;
    expect(readable()).toBe(4);
    expect(readable()).toBe(6);
  });
});

describe('open', () => {
  test('gives files of today as they are, with their compressed copy unless that is older', () => {
    using folder = new StoreFolder();
    const id = folder.put(recordingNo(1));
    const store = folder.store();
    expect(store.open(id)).toEqual({
      kind: 'file',
      path: join(folder.captures, `${id}.json`),
      gzipPath: join(folder.captures, `${id}.json.gz`),
    });
    utimesSync(join(folder.captures, `${id}.json.gz`), 1, 1);
    expect(store.open(id)).toMatchObject({ gzipPath: undefined });
    expect(store.framesPath(id)).toBe(join(folder.captures, `${id}.frames.parquet`));
    rmSync(join(folder.captures, `${id}.frames.parquet`));
    expect(store.framesPath(id)).toBeUndefined();
  });

  test('gives older and foreign ones as text of today', () => {
    using folder = new StoreFolder();
    const old = firstFormat();
    folder.write('seed.json', JSON.stringify(old));
    const { samples, ...rest } = recordingNo(1);
    folder.write('turned.json', `\ufeff${JSON.stringify({ samples, ...rest }, undefined, 2)}`);
    const store = folder.store();
    expect(store.list().metas.every(({ damaged }) => damaged === undefined)).toBe(true);
    const seed = store.open(idOf('seed'));
    if (seed?.kind !== 'text') throw new Error('expected text');
    expect(parseCapture(seed.text)).toMatchObject({ samples: old.samples, meta: { id: 'seed' } });
    expect(store.open(idOf('turned'))?.kind).toBe('text');
    folder.write('one.json', `${JSON.stringify({ ...recordingNo(1), version: 1 })}\n`);
    // Also after the look at all of it that the first opening took.
    for (let time = 0; time < 2; time += 1) expect(store.open(idOf('one'))?.kind).toBe('text');
  });

  test('gives three hours of an older version whole, and one of today after a look at all of it', () => {
    using folder = new StoreFolder();
    const { meta, samples } = longRecording();
    const capture = { meta, samples: Array.from({ length: 9 }, () => samples).flat() };
    folder.write('old.json', `${JSON.stringify(capture)}\n`);
    folder.write('new.json', serializeCapture(capture));
    const store = folder.store();
    expect(store.list().metas.map(({ damaged }) => damaged)).toEqual([undefined, undefined]);
    const old = store.open(idOf('old'));
    if (old?.kind !== 'text') throw new Error('expected text');
    expect(JSON.parse(old.text)).toEqual({
      version: 2,
      meta: { ...meta, id: 'old' },
      samples: capture.samples,
    });
    expect(store.open(idOf('new'))?.kind).toBe('file');
  });

  test('only what lies in captures/ under one of our suffixes can be reached by an id', () => {
    using folder = new StoreFolder();
    const capture = serializeCapture(recordingNo(1));
    writeFileSync(join(folder.configDir, 'outside.json'), capture);
    folder.write('x.json', capture);
    folder.write('x.user.json', '{"name":"mine"}');
    const store = folder.store();
    const hostile = fc.oneof(
      fc.constantFrom(
        ...[
          '..',
          '.',
          '',
          '/',
          '\\',
          '../outside',
          'a/../../outside',
          'x.user',
          'x.deleted',
          'CON',
        ],
        ...[
          'nul.x',
          'com1',
          'x:y',
          'x\u0000',
          'x.json\u0000',
          '.trash',
          '~',
          'a'.repeat(300),
          'ü',
          '\u202e',
        ],
      ),
      fc.string({ unit: 'binary', maxLength: 300 }),
      fc.string({
        unit: fc.constantFrom('.', '/', '\\', ':', 'x', '\u0000', 'user', 'json'),
        maxLength: 8,
      }),
    );
    fc.assert(
      fc.property(hostile, (text) => {
        const id = parseRecordingId(text);
        if (id === undefined || id === 'x') return;
        expect(store.open(id)).toBeUndefined();
        expect(store.framesPath(id)).toBeUndefined();
        expect(store.meta(id)).toBeUndefined();
        expect(store.change(id, { name: 'y' })).toBeUndefined();
        expect(store.restore(id)).toBeUndefined();
        expect(store.remove(id)).toBe(false);
        expect(store.remove(id, 'forever')).toBe(false);
      }),
      { numRuns: 500 },
    );
    expect(folder.names()).toEqual(['x.json', 'x.user.json']);
    // What reads names back agrees: no file belongs to two recordings.
    for (const name of [
      'x.user.user.json',
      'x.deleted.json.gz',
      'CON.json',
      'nul.frames.parquet',
    ]) {
      expect(ownerOf(name)).toBeUndefined();
    }
    expect(ownerOf('x.user.json')).toEqual({ id: idOf('x'), part: 'user' });
  });
});

describe('the folder itself', () => {
  test('one that is not there holds nothing, and is not made by looking', () => {
    using folder = new StoreFolder();
    rmSync(folder.captures, { recursive: true });
    const store = folder.store();
    store.tidy(folder.nowUnixMs);
    expect(store.list()).toEqual({ metas: [], next: undefined });
    expect(store.trash()).toEqual([]);
    expect(store.open(idOf('x'))).toBeUndefined();
    expect(store.remove(idOf('x'))).toBe(false);
    expect(folder.lines).toEqual([]);
    expect(() => statSync(folder.captures)).toThrow('ENOENT');
  });

  test('a file in its place is said clearly and stops nothing', async () => {
    using folder = new StoreFolder();
    rmSync(folder.captures, { recursive: true });
    writeFileSync(folder.captures, 'a file');
    const store = folder.store();
    store.tidy(folder.nowUnixMs);
    expect(store.room(1)).toBe(false);
    const error = thrownBy(() => store.list());
    expect(error).toMatchObject({ status: 503, code: 'recordings_unreadable' });
    expect(error.message).toContain(folder.captures);
    expect(store.open(idOf('x'))).toBeUndefined();
    const text = new TextEncoder().encode(serializeCapture(recordingNo(1)));
    expect(await store.import(text).catch((e: unknown) => e)).toMatchObject({
      code: 'save_failed',
    });
  });

  test('without a config directory there is nothing, and importing says what to do', async () => {
    const log = { debug() {}, info() {}, warn() {}, error() {} };
    const store = new RecordingStore(undefined, log);
    store.tidy(0);
    expect(store.list().metas).toEqual([]);
    expect(store.trash()).toEqual([]);
    const text = new TextEncoder().encode(serializeCapture(recordingNo(1)));
    const error = await store.import(text).catch((e: unknown) => e);
    expect(error).toMatchObject({ status: 500, code: 'save_failed' });
    expect(String(error)).toContain('PUNKTFUNK_CONFIG_DIR');
  });

  test('half-written files of dead processes go, those of living ones stay', () => {
    using folder = new StoreFolder();
    const dead = Bun.spawnSync(['true']).pid;
    mkdirSync(join(folder.captures, '.trash'));
    for (const pid of [dead, process.pid]) {
      folder.write(`.x.json.${pid}.tmp`, 'half');
      folder.write(`.trash/.x.deleted.json.${pid}.tmp`, 'half');
    }
    folder.write('.2026.journal', 'not ours');
    folder.store();
    expect(folder.names()).toEqual([
      '.2026.journal',
      `.trash/.x.deleted.json.${process.pid}.tmp`,
      `.x.json.${process.pid}.tmp`,
    ]);
  });
});

describe('what people add', () => {
  test('is changed as PATCH says and survives a restart, for its owner only', () => {
    using folder = new StoreFolder();
    const id = folder.put(recordingNo(1));
    const store = folder.store();
    expect(store.change(id, { name: 'one', tags: ['a', 'b'], starred: true })).toMatchObject({
      name: 'one',
      tags: ['a', 'b'],
      starred: true,
    });
    store.change(id, { note: 'slow', tags: [], starred: false });
    const meta = folder.store().list().metas[0];
    expect(meta).toMatchObject({ name: 'one', note: 'slow' });
    expect(meta).not.toHaveProperty('tags');
    expect(meta).not.toHaveProperty('starred');
    expect(store.change(id, { name: '', note: '' })).not.toHaveProperty('name');
    expect(statSync(join(folder.captures, `${id}.user.json`)).mode & 0o777).toBe(0o600);
    expect(store.change(idOf('nobody'), { name: 'x' })).toBeUndefined();
  });

  test('takes the place of what the recording was started with', () => {
    using folder = new StoreFolder();
    const id = folder.put(recordingNo(1, { name: 'armed as', tags: ['t'] }));
    const store = folder.store();
    expect(store.list().metas[0]).toMatchObject({ name: 'armed as', tags: ['t'] });
    expect(store.change(id, { name: '' })).toMatchObject({ tags: ['t'] });
    expect(folder.store().list().metas[0]).not.toHaveProperty('name');
    expect(store.change(id, { tags: [] })).not.toHaveProperty('tags');
    expect(folder.store().list().metas[0]).not.toHaveProperty('tags');
  });

  test('a broken file is told once and never hides its recording', () => {
    using folder = new StoreFolder();
    const texts = [
      '',
      '{',
      '[]',
      '{"name":7}',
      '{"tags":["a","a"]}',
      `{"note":"${'x'.repeat(70_000)}"}`,
    ];
    texts.forEach((text, n) => {
      folder.write(`${folder.put(recordingNo(n))}.user.json`, text);
    });
    const store = folder.store();
    store.list();
    const { metas } = store.list();
    expect(metas).toHaveLength(texts.length);
    expect(metas.every((meta) => meta.damaged === undefined && meta.name === undefined)).toBe(true);
    expect(folder.lines.filter(({ level }) => level === 'warn')).toHaveLength(texts.length);
    expect(store.change(idOf(metas[0]?.id ?? ''), { name: 'mended' })?.name).toBe('mended');
  });

  test('one that cannot be written says so and changes nothing', () => {
    using folder = new StoreFolder();
    const id = folder.put(recordingNo(1));
    folder.store().change(id, { name: 'before' });
    const full = Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
    const store = folder.store({
      disk: {
        makeFolder() {},
        remove() {},
        rename() {},
        syncFolder() {},
        writeFile() {
          throw full;
        },
      },
    });
    expect(thrownBy(() => store.change(id, { name: 'after' }))).toMatchObject({
      status: 507,
      code: 'save_failed',
    });
    expect(store.meta(id)?.name).toBe('before');
  });
});

function everyPage(store: RecordingStore, query: ListQuery): string[] {
  const ids: string[] = [];
  let after: string | undefined;
  do {
    const page: { metas: readonly CaptureMeta[]; next: string | undefined } = store.list({
      ...query,
      ...(after === undefined ? {} : { after }),
    });
    ids.push(...page.metas.map(({ id }) => id));
    after = page.next;
  } while (after !== undefined);
  return ids;
}

function thrownBy(run: () => unknown): AppError {
  try {
    run();
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

function codeOf(run: () => unknown): string {
  return thrownBy(run).code;
}
