// The index of the list: what it saves, and that nothing but the list believes it, and that only for files that are the
// ones it was made of.
import { describe, expect, test } from 'bun:test';
import { appendFileSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import type { CaptureMeta } from '../../contract/stats.ts';
import { decodeIndex, encodeIndex, type IndexEntry } from '../../host/src/recordings/list-index.ts';
import { idOf, recordingNo, StoreFolder } from '../support/stored-recordings.ts';

const INDEX = '.index.json';
const COUNT = 70;

describe('the index of the list', () => {
  test('is written once there are so many files, is private, and is no entry of the list', () => {
    using folder = filled(COUNT);
    const listed = lookedAt(folder);
    expect(listed.length).toBe(COUNT);
    expect(statSync(join(folder.captures, INDEX)).mode & 0o777).toBe(0o600);
    expect(folder.store().list().metas).toEqual(listed);
    using few = filled(40);
    lookedAt(few);
    expect(few.has(INDEX)).toBe(false);
  });

  test('is written again when there is anything new, once all has been looked at', () => {
    using folder = filled(COUNT);
    lookedAt(folder);
    folder.put(recordingNo(COUNT));
    lookedAt(folder);
    expect(entriesIn(folder).length).toBe(COUNT + 1);
  });

  test('answers for files that are as they were, with their bytes and what people added', () => {
    using folder = filled(COUNT);
    folder.store().change(idOf(recordingNo(3).meta.id), { name: 'named', starred: true });
    const listed = lookedAt(folder);
    expect(listed.find(({ id }) => id === recordingNo(3).meta.id)?.name).toBe('named');
    expect(folder.store().list().metas).toEqual(listed);
    rewritten(folder, 'somebody');
    const told = folder.store().list().metas;
    expect(new Set(told.map(({ client }) => client))).toEqual(new Set(['somebody']));
    expect(told.map(({ bytes }) => bytes)).toEqual(listed.map(({ bytes }) => bytes));
  });

  test('counts what came beside a recording since then', () => {
    using folder = filled(COUNT);
    const [first] = lookedAt(folder);
    folder.write(`${first?.id}.user.json`, '{"name":"later"}');
    const [now] = folder.store().list().metas;
    expect(now).toMatchObject({ id: first?.id ?? '', name: 'later' });
    expect((now?.bytes ?? 0) - (first?.bytes ?? 0)).toBe('{"name":"later"}'.length);
  });

  test('is not believed of a file that has changed, is gone or has come', () => {
    using folder = filled(COUNT);
    lookedAt(folder);
    rewritten(folder, 'somebody');
    const [touched, gone, come] = [recordingNo(5), recordingNo(6), recordingNo(COUNT)];
    appendFileSync(join(folder.captures, `${touched.meta.id}.json`), '\n');
    for (const suffix of ['.json', '.json.gz', '.frames.parquet']) {
      rmSync(join(folder.captures, `${gone.meta.id}${suffix}`));
    }
    folder.put(come);
    const told = new Map(
      folder
        .store()
        .list()
        .metas.map((meta) => [meta.id, meta.client]),
    );
    expect(told.get(touched.meta.id)).toBe(touched.meta.client);
    expect(told.has(gone.meta.id)).toBe(false);
    expect(told.get(come.meta.id)).toBe(come.meta.client);
    expect(told.get(recordingNo(7).meta.id)).toBe('somebody');
  });

  test('is believed by the list alone: opening and changing read the file', () => {
    using folder = filled(COUNT);
    const id = idOf(recordingNo(1).meta.id);
    lookedAt(folder);
    // It says that the file is not as we write it, and would have it written anew.
    rewritten(folder, 'somebody', { version: 1, own: false });
    const store = folder.store();
    store.list();
    expect(store.open(id)).toMatchObject({ kind: 'file' });
    expect(store.meta(id)?.client).toBe(recordingNo(1).meta.client);
    expect(store.change(id, { name: 'mine' })).toMatchObject({
      client: recordingNo(1).meta.client,
      name: 'mine',
    });
  });

  test('spares a second look to the end, but for what is opened', () => {
    using folder = filled(COUNT);
    lookedAt(folder);
    expect(entriesIn(folder).every(({ checked }) => checked)).toBe(true);
    const waiting: (() => void)[] = [];
    folder.store({ later: (run) => waiting.push(run) }).list();
    waiting.shift()?.();
    expect(waiting).toEqual([]);
  });

  test('with any bytes changed, cut or added is as good as none', () => {
    using folder = filled(COUNT);
    const listed = lookedAt(folder);
    const index = Buffer.from(folder.read(INDEX));
    fc.assert(
      fc.property(
        fc.nat(index.length - 1),
        fc.integer({ min: 1, max: 255 }),
        fc.constantFrom('change', 'cut', 'add'),
        (at, by, how) => {
          const changed = Buffer.from(index);
          changed[at] = (changed[at] ?? 0) ^ by;
          const bytes = {
            change: changed,
            cut: index.subarray(0, at),
            add: Buffer.concat([index, Buffer.from([by])]),
          }[how];
          expect(() => decodeIndex(bytes)).toThrow(RangeError);
        },
      ),
      { numRuns: 300 },
    );
    folder.write(INDEX, index.subarray(0, index.length / 2));
    expect(folder.store().list().metas).toEqual(listed);
  });

  test('of another version, of another program, a folder or a link is as good as none', () => {
    using folder = filled(COUNT);
    const listed = lookedAt(folder);
    const index = folder.read(INDEX);
    const path = join(folder.captures, INDEX);
    const others = [
      index.replace(/^(\S+ )\S+/, '$10.0.0'),
      '',
      '\n',
      '[]',
      '{"a":1}\n',
      'x'.repeat(9999),
    ];
    for (const content of others) {
      folder.write(INDEX, content);
      expect(folder.store().list().metas).toEqual(listed);
    }
    rmSync(path);
    symlinkSync('/dev/zero', path);
    expect(folder.store().list().metas).toEqual(listed);
    rmSync(path);
    mkdirSync(path);
    // Nor does it end anything that it cannot be written.
    expect(lookedAt(folder)).toEqual(listed);
    expect(folder.names().filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  test('comes back from its bytes as it was', () => {
    using folder = filled(COUNT);
    lookedAt(folder);
    const bytes = readFileSync(join(folder.captures, INDEX));
    expect(encodeIndex(decodeIndex(bytes)).equals(bytes)).toBe(true);
    for (const row of ['1', '[]', '["x"]', '["x",1,2,3,4,true,true,2,null,null,{},{}]']) {
      const whole = encodeIndex([]).toString();
      expect(() => decodeIndex(Buffer.from(whole.replace('[]', `[${row}]`)))).toThrow(RangeError);
    }
  });
});

function filled(count: number): StoreFolder {
  const folder = new StoreFolder();
  for (let n = 0; n < count; n += 1) folder.put(recordingNo(n));
  return folder;
}

/** Somebody looks, and everything is done that is done later. */
function lookedAt(folder: StoreFolder): readonly CaptureMeta[] {
  const waiting: (() => void)[] = [];
  const { metas } = folder.store({ later: (run) => waiting.push(run) }).list();
  for (let run = waiting.shift(); run !== undefined; run = waiting.shift()) run();
  return metas;
}

function entriesIn(folder: StoreFolder): IndexEntry[] {
  return decodeIndex(readFileSync(join(folder.captures, INDEX)));
}

/** An index with a valid sum that says something else than the files. */
function rewritten(
  folder: StoreFolder,
  client: string,
  also: Partial<Pick<IndexEntry['head'], 'version' | 'own'>> = {},
): void {
  const entries = entriesIn(folder).map((entry) => ({
    ...entry,
    head: { ...entry.head, ...also, meta: { ...entry.head.meta, client } },
  }));
  folder.write(INDEX, encodeIndex(entries));
}
