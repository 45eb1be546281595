// Deleting, restoring, and what a host that dies between any two steps leaves behind.
import { describe, expect, test } from 'bun:test';
import { chmodSync, mkdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { realDisk } from '../../host/src/recordings/disk.ts';
import type { FolderDisk } from '../../host/src/recordings/folder.ts';
import type { KeepLimits } from '../../host/src/recordings/retention.ts';
import type { RecordingStore } from '../../host/src/recordings/store.ts';
import type { RecordingId } from '../../recording/src/recording-id.ts';
import { fuzz } from '../support/fuzz.ts';
import { idOf, recordingNo, StoreFolder } from '../support/stored-recordings.ts';

const DAY_MS = 86_400_000;

describe('the trash', () => {
  test('takes every file of a recording, and gives every one back', () => {
    using folder = new StoreFolder();
    const id = folder.put(recordingNo(1));
    const store = folder.store();
    store.change(id, { name: 'mine', starred: true });
    const before = folder.names();
    folder.nowUnixMs = 1_700_000_000_000;
    expect(store.remove(id)).toBe(true);
    expect(store.list().metas).toEqual([]);
    expect(store.open(id)).toBeUndefined();
    expect(folder.names().every((name) => name.startsWith('.trash/'))).toBe(true);
    expect(folder.read(`.trash/${id}.deleted.json`)).toBe('{"deleted_unix_ms":1700000000000}\n');
    const [trashed] = store.trash();
    expect(trashed).toMatchObject({ id, name: 'mine', deleted_unix_ms: 1_700_000_000_000 });
    expect(trashed?.bytes).toBeGreaterThan(100);
    expect(store.remove(id)).toBe(false);

    expect(store.restore(id)).toMatchObject({ id, name: 'mine', starred: true });
    expect(folder.names()).toEqual(before);
    expect(store.restore(id)).toBeUndefined();
    expect(store.trash()).toEqual([]);
  });

  test('is for its owner only', () => {
    using folder = new StoreFolder();
    const id = folder.put(recordingNo(1));
    folder.store().remove(id);
    expect(statSync(join(folder.captures, '.trash')).mode & 0o777).toBe(0o700);
    const marker = join(folder.captures, '.trash', `${id}.deleted.json`);
    expect(statSync(marker).mode & 0o777).toBe(0o600);
  });

  test('lists what was deleted last first, damaged ones too', () => {
    using folder = new StoreFolder();
    const ids = [1, 2].map((n) => folder.put(recordingNo(n)));
    folder.write('broken.json', '{');
    const store = folder.store();
    for (const id of [...ids, idOf('broken')]) {
      folder.nowUnixMs += 1000;
      expect(store.remove(id)).toBe(true);
    }
    expect(store.trash().map(({ id }) => id)).toEqual(['broken', ...ids.toReversed()]);
    expect(store.trash()[0]?.damaged?.reason).toContain('closed');
  });

  test('does not give back over a recording that is there', () => {
    using folder = new StoreFolder();
    const id = folder.put(recordingNo(1, { client: 'old' }));
    const store = folder.store();
    store.remove(id);
    folder.put(recordingNo(1, { client: 'new' }));
    expect(() => store.restore(id)).toThrow(`There is a recording ${id} already.`);
    expect(store.meta(id)?.client).toBe('new');
    expect(store.trash()).toMatchObject([{ client: 'old' }]);
    // Deleted as well, it takes the older one's place.
    store.remove(id);
    expect(store.trash()).toMatchObject([{ client: 'new' }]);
    expect(store.restore(id)).toMatchObject({ client: 'new' });
  });

  test('is passed by when a recording is to be gone, and can be emptied one by one', () => {
    using folder = new StoreFolder();
    const [a = idOf('a'), b = idOf('b')] = [1, 2].map((n) => folder.put(recordingNo(n)));
    const store = folder.store();
    expect(store.remove(a, 'forever')).toBe(true);
    expect(store.trash()).toEqual([]);
    store.remove(b);
    expect(store.remove(b, 'forever')).toBe(true);
    expect(store.remove(b, 'forever')).toBe(false);
    expect(folder.names()).toEqual([]);
  });

  test('holds a recording for seven days', () => {
    using folder = new StoreFolder();
    const id = folder.put(recordingNo(1));
    const store = folder.store();
    store.remove(id);
    store.tidy(folder.nowUnixMs + 7 * DAY_MS - 1);
    expect(store.trash()).toHaveLength(1);
    store.tidy(folder.nowUnixMs + 7 * DAY_MS);
    expect(store.trash()).toEqual([]);
    expect(folder.names()).toEqual([]);
    expect(folder.lines.at(-1)).toMatchObject({
      message: 'a recording was removed',
      fields: { id, from: 'trash', reason: '7 days in the trash' },
    });
  });

  test('a marker that is missing or broken is as old as the move', () => {
    using folder = new StoreFolder();
    const ids = [1, 2].map((n) => folder.put(recordingNo(n)));
    const store = folder.store();
    for (const id of ids) store.remove(id);
    rmSync(join(folder.captures, '.trash', `${ids[0]}.deleted.json`));
    writeFileSync(
      join(folder.captures, '.trash', `${ids[1]}.deleted.json`),
      '{"deleted_unix_ms":"x',
    );
    for (const { deleted_unix_ms } of store.trash()) {
      expect(Math.abs((deleted_unix_ms ?? 0) - Date.now())).toBeLessThan(60_000);
    }
    store.tidy(Date.now() + 6 * DAY_MS);
    expect(store.trash()).toHaveLength(2);
    store.tidy(Date.now() + 8 * DAY_MS);
    expect(store.trash()).toEqual([]);
  });

  test('deletes on a full disk, when no marker can be written', () => {
    using folder = new StoreFolder();
    const [a = idOf('a'), b = idOf('b')] = [1, 2].map((n) => folder.put(recordingNo(n)));
    const full = Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
    const store = folder.store({
      disk: {
        ...realDisk,
        writeFile() {
          throw full;
        },
      },
    });
    expect(store.remove(a)).toBe(true);
    expect(store.trash()).toHaveLength(1);
    expect(store.remove(b, 'forever')).toBe(true);
    expect(store.remove(a, 'forever')).toBe(true);
    expect(folder.names()).toEqual([]);
  });

  test('that cannot be made leaves the recording where it is, and says why', () => {
    using folder = new StoreFolder();
    const id = folder.put(recordingNo(1));
    writeFileSync(join(folder.captures, '.trash'), 'a file');
    const store = folder.store();
    expect(() => store.remove(id)).toThrow('.trash is no folder');
    expect(store.list().metas).toHaveLength(1);
    store.tidy(folder.nowUnixMs);
    expect(store.list().metas).toHaveLength(1);
  });

  test('leads nowhere else when it is a link', () => {
    using folder = new StoreFolder();
    const id = folder.put(recordingNo(1));
    const elsewhere = join(folder.configDir, 'elsewhere');
    mkdirSync(elsewhere);
    writeFileSync(join(elsewhere, 'x.json'), 'somebody’s file');
    symlinkSync(elsewhere, join(folder.captures, '.trash'));
    const store = folder.store();
    expect(() => store.remove(id)).toThrow('is no folder');
    expect(() => store.remove(idOf('x'), 'forever')).toThrow('is no folder');
    expect(() => store.restore(idOf('x'))).toThrow('is no folder');
    expect(() => store.trash()).toThrow('is no folder');
    store.tidy(folder.nowUnixMs + 100 * DAY_MS);
    expect(statSync(join(elsewhere, 'x.json')).size).toBeGreaterThan(0);
    expect(store.list().metas).toHaveLength(1);
  });

  test('a folder whose rights were taken away is said clearly', () => {
    using folder = new StoreFolder();
    const id = folder.put(recordingNo(1));
    folder.store().remove(id);
    folder.put(recordingNo(2));
    chmodSync(folder.configDir, 0o755);
    chmodSync(folder.captures, 0o000);
    // Root reads everything, so somebody else looks.
    const script = `
      import { RecordingStore } from ${JSON.stringify(join(import.meta.dir, '../../host/src/recordings/store.ts'))};
      const log = { debug() {}, info() {}, warn() {}, error() {} };
      const store = new RecordingStore(${JSON.stringify(folder.configDir)}, log);
      store.tidy(Date.now());
      const codes = [];
      for (const run of [() => store.list(), () => store.open('x'), () => store.trash(), () => store.remove('x'),
        () => store.restore('x'), () => store.change('x', {})]) {
        try { run(); codes.push('none'); } catch (error) { codes.push(error.code); }
      }
      console.log(codes.join(' '));`;
    const asNobody = process.getuid?.() === 0 ? ['setpriv', '--reuid=65534', '--clear-groups'] : [];
    const child = Bun.spawnSync([...asNobody, process.execPath, '-e', script], {
      env: { ...process.env, HOME: '/tmp' },
    });
    chmodSync(folder.captures, 0o700);
    expect(child.stdout.toString().trim()).toBe(Array(6).fill('recordings_unreadable').join(' '));
  });
});

describe('a host that dies', () => {
  /** Every step of an operation, the last of them cut in half; then a new host tidies. */
  const dying = (
    prepare: (folder: StoreFolder, id: RecordingId) => void,
    run: (store: RecordingStore, id: RecordingId) => void,
    check: (folder: StoreFolder, store: RecordingStore, id: RecordingId) => void,
  ): number => {
    for (let steps = 0; ; steps += 1) {
      using folder = new StoreFolder();
      const id = folder.put(recordingNo(1));
      folder.store().change(id, { name: 'mine' });
      prepare(folder, id);
      const mortal = new MortalDisk(steps);
      let survived = true;
      try {
        run(folder.store({ disk: mortal }), id);
      } catch {
        // Whatever is thrown on the way down.
      }
      survived = !mortal.dead;
      const store = folder.store();
      store.tidy(folder.nowUnixMs);
      check(folder, store, id);
      if (survived) return steps;
    }
  };

  const parts = (id: string): string[] =>
    [`${id}.frames.parquet`, `${id}.json`, `${id}.json.gz`, `${id}.user.json`].sort();

  test('at any step of deleting leaves the recording whole, here or in the trash', () => {
    let [here, there] = [0, 0];
    const steps = dying(
      () => {},
      (store, id) => store.remove(id),
      (folder, store, id) => {
        if (store.has(id)) {
          here += 1;
          expect(folder.lastingNames()).toEqual(parts(id));
          expect(store.meta(id)).toMatchObject({ name: 'mine' });
        } else {
          there += 1;
          expect(folder.lastingNames()).toEqual(
            [...parts(id), `${id}.deleted.json`].map((name) => `.trash/${name}`).sort(),
          );
          expect(store.restore(id)).toMatchObject({ name: 'mine' });
        }
      },
    );
    expect(steps).toBeGreaterThan(6);
    expect(Math.min(here, there)).toBeGreaterThan(1);
  });

  test('at any step of restoring leaves the recording whole, here or in the trash', () => {
    dying(
      (folder, id) => folder.store().remove(id),
      (store, id) => store.restore(id),
      (folder, store, id) => {
        if (!store.has(id)) expect(store.restore(id)).toMatchObject({ name: 'mine' });
        expect(folder.lastingNames()).toEqual(parts(id));
      },
    );
  });

  test('at any step of deleting for good leaves all of it or none', () => {
    dying(
      () => {},
      (store, id) => store.remove(id, 'forever'),
      (folder, store, id) => {
        expect(store.trash()).toEqual([]);
        expect(folder.lastingNames()).toEqual(store.has(id) ? parts(id) : []);
      },
    );
  });

  test('at any step of emptying the trash leaves nothing that could be restored by half', () => {
    dying(
      (folder, id) => {
        folder.store().remove(id);
        folder.nowUnixMs += 8 * DAY_MS;
      },
      (store) => store.tidy(Date.now() + 9 * DAY_MS),
      (folder) => expect(folder.lastingNames()).toEqual([]),
    );
  });

  test('at any step of a change leaves the old text or the new one', () => {
    dying(
      () => {},
      (store, id) => store.change(id, { name: 'yours' }),
      (folder, store, id) => {
        expect(['mine', 'yours']).toContain(store.meta(id)?.name ?? '');
        expect(folder.lastingNames()).toEqual(parts(id));
      },
    );
  });
});

describe('any order of operations', () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('save'), n: fc.nat(4) }),
    fc.record({
      kind: fc.constant('change'),
      n: fc.nat(4),
      name: fc.constantFrom('', 'a', 'b'),
      starred: fc.boolean(),
    }),
    fc.record({ kind: fc.constant('remove'), n: fc.nat(4), forever: fc.boolean() }),
    fc.record({ kind: fc.constant('restore'), n: fc.nat(4) }),
    fc.record({ kind: fc.constant('tidy'), days: fc.constantFrom(0, 1, 4) }),
    fc.record({ kind: fc.constant('restart') }),
  );
  const crash = fc.option(fc.nat(14), { nil: undefined, freq: 3 });
  const keep: fc.Arbitrary<KeepLimits> = fc.record({
    count: fc.constantFrom(0, 2, 3),
    days: fc.constant(0),
    bytes: fc.constantFrom(0, 0, 3000),
  });
  type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

  fuzz(
    'ends as if every one that was cut short had been done or not been begun',
    fc.property(
      fc.array(fc.tuple(step, crash), { minLength: 1, maxLength: 25 }),
      keep,
      (steps, limits) => {
        using folder = new StoreFolder();
        let store = folder.store({ keep: limits });
        // What a user would say there is: by the trash and captures/, each with its name.
        let world = seen(store);
        for (const [next, dies] of steps) {
          if (dies === undefined) {
            perform(folder, store, next);
            world = seen(store);
            checkWhole(folder, store, limits, next);
            continue;
          }
          const mortal = new MortalDisk(dies);
          try {
            perform(folder, folder.store({ keep: limits, disk: mortal }), next);
          } catch (error) {
            if (!mortal.dead) throw error;
          }
          store = folder.store({ keep: limits });
          store.tidy(folder.nowUnixMs);
          // Only the recording that was worked on may have changed, unless limits moved others.
          if (limits.count === 0 && limits.bytes === 0 && next.kind !== 'tidy') {
            const touched = 'n' in next ? recordingNo(next.n).meta.id : '';
            const others = (all: ReadonlyMap<string, string>): string[] =>
              [...all].filter(([id]) => !id.endsWith(touched)).map(String);
            expect(others(seen(store))).toEqual(others(world));
          }
          world = seen(store);
          checkWhole(folder, store, limits, next);
        }
      },
    ),
  );

  function perform(folder: StoreFolder, store: RecordingStore, next: Step): void {
    switch (next.kind) {
      case 'save': {
        // As saving.ts does it; its own tests let it die.
        const id = folder.put(recordingNo('n' in next ? next.n : 0));
        rmSync(join(folder.captures, `${id}.user.json`), { force: true });
        store.saved(id);
        expect(store.has(id)).toBe(true);
        break;
      }
      case 'change':
        if (!('name' in next)) break;
        store.change(idOf(recordingNo(next.n).meta.id), { name: next.name, starred: next.starred });
        break;
      case 'remove':
        if (!('forever' in next)) break;
        store.remove(idOf(recordingNo(next.n).meta.id), next.forever ? 'forever' : 'trash');
        break;
      case 'restore':
        try {
          store.restore(idOf(recordingNo('n' in next ? next.n : 0).meta.id));
        } catch (error) {
          if (!(error instanceof Error && error.message.includes('already'))) throw error;
        }
        break;
      case 'tidy':
        if (!('days' in next)) break;
        folder.nowUnixMs += next.days * DAY_MS;
        store.tidy(folder.nowUnixMs);
        break;
      case 'restart':
        break;
    }
  }

  function seen(store: RecordingStore): Map<string, string> {
    const here = store.list().metas.map((m) => [`here ${m.id}`, JSON.stringify(m)] as const);
    const there = store.trash().map((m) => [`trash ${m.id}`, JSON.stringify(m)] as const);
    return new Map([...here, ...there].sort());
  }

  /** No file is half, lost from its recording, or of nobody. */
  function checkWhole(
    folder: StoreFolder,
    store: RecordingStore,
    limits: KeepLimits,
    last: Step,
  ): void {
    const [here, there] = [store.list().metas, store.trash()];
    for (const meta of [...here, ...there]) expect(meta.damaged).toBeUndefined();
    const expected = [
      ...here.flatMap(({ id }) => filesOf(folder, id, '')),
      ...there.flatMap(({ id }) => [
        ...filesOf(folder, id, '.trash/'),
        `.trash/${id}.deleted.json`,
      ]),
    ];
    // Without a marker where the host died before it: then the time of the move counts.
    const found = folder.lastingNames();
    expect(found.filter((name) => !expected.includes(name))).toEqual([]);
    expect(
      expected.filter((name) => !found.includes(name) && !name.endsWith('.deleted.json')),
    ).toEqual([]);
    const unstarred = here.filter(({ starred }) => starred !== true).length;
    if (limits.count > 0 && ['save', 'tidy'].includes(last.kind)) {
      expect(unstarred).toBeLessThanOrEqual(limits.count);
    }
  }

  function filesOf(folder: StoreFolder, id: string, where: string): string[] {
    const always = ['.frames.parquet', '.json', '.json.gz'].map(
      (suffix) => `${where}${id}${suffix}`,
    );
    const user = `${where}${id}.user.json`;
    return folder.has(user) ? [...always, user] : always;
  }
});

/** A disk that takes so many changes and then none: the one it dies of is half done. */
class MortalDisk implements FolderDisk {
  #left: number;
  dead = false;

  constructor(steps: number) {
    this.#left = steps;
  }

  makeFolder(path: string): void {
    this.#live();
    realDisk.makeFolder(path);
  }

  writeFile(path: string, content: Parameters<FolderDisk['writeFile']>[1]): void {
    const alive = !this.dead;
    try {
      this.#live();
    } catch (error) {
      if (alive && typeof content === 'string') {
        realDisk.writeFile(path, content.slice(0, content.length >> 1));
      }
      throw error;
    }
    realDisk.writeFile(path, content);
  }

  rename(from: string, to: string): void {
    this.#live();
    realDisk.rename(from, to);
  }

  remove(path: string): void {
    this.#live();
    realDisk.remove(path);
  }

  syncFolder(): void {
    this.#live();
  }

  #live(): void {
    if (this.#left === 0) this.dead = true;
    if (this.dead) throw new Error('the host is dead');
    this.#left -= 1;
  }
}
