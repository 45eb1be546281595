// When the black box saves itself: how long after, how often, how many, and what a save that fails disturbs.
import { describe, expect, test } from 'bun:test';
import { AppError } from '../../host/src/errors.ts';
import { AutoSave, MOST_AUTOMATIC } from '../../host/src/recordings/auto-save.ts';
import { SECOND, START_NS } from '../support/black-box.ts';

const MINUTE = 60n * SECOND;

describe('a trigger', () => {
  test('saves two seconds later, so that its end is in the recording', () => {
    const { auto, saved } = setUp();
    auto.triggered('freeze', START_NS);
    expect(auto.isDue).toBe(true);
    auto.tick(START_NS + 2n * SECOND - 1n);
    expect(saved).toEqual([]);
    auto.tick(START_NS + 2n * SECOND);
    expect(saved).toEqual(['freeze']);
    expect(auto.isDue).toBe(false);
    expect(auto.status()).toEqual({
      ...{ saved: 1, held_back: 0, last_trigger: 'freeze', last_id: 'id-1' },
      last_saved_unix_ms: 1000,
    });
    auto.tick(START_NS + MINUTE);
    expect(saved).toHaveLength(1);
  });

  test('that comes before the last one is saved is in the same recording', () => {
    const { auto, saved } = setUp();
    auto.triggered('drops', START_NS);
    auto.triggered('freeze', START_NS + SECOND);
    auto.tick(START_NS + 2n * SECOND);
    expect(saved).toEqual(['drops']);
    expect(auto.status().held_back).toBe(0);
  });

  test('within five minutes after another is held back and counted', () => {
    const { auto, saved } = setUp();
    auto.triggered('freeze', START_NS);
    auto.tick(START_NS + 2n * SECOND);
    for (const minute of [1n, 2n, 4n]) {
      auto.triggered('freeze', START_NS + minute * MINUTE);
      auto.tick(START_NS + minute * MINUTE + 3n * SECOND);
    }
    expect(saved).toHaveLength(1);
    expect(auto.status().held_back).toBe(3);
    auto.triggered('loss_burst', START_NS + 6n * MINUTE);
    auto.tick(START_NS + 7n * MINUTE);
    expect(saved).toEqual(['freeze', 'loss_burst']);
  });

  test('whose save fails disturbs nothing, is told, and waits like any other', () => {
    const { auto, saved, lines, fail } = setUp();
    fail.now = true;
    auto.triggered('freeze', START_NS);
    expect(() => auto.tick(START_NS + 2n * SECOND)).not.toThrow();
    expect(lines).toEqual([
      ['the black box could not be saved', { trigger: 'freeze', reason: 'disk full' }],
    ]);
    expect(auto.status()).toEqual({
      ...{ saved: 0, held_back: 1, last_trigger: 'freeze', fault: 'disk full' },
    });
    fail.now = false;
    auto.triggered('freeze', START_NS + MINUTE);
    auto.triggered('freeze', START_NS + 6n * MINUTE);
    auto.tick(START_NS + 7n * MINUTE);
    expect(saved).toEqual(['freeze']);
    expect(auto.status()).not.toHaveProperty('fault');
  });
});

describe('of automatic recordings', () => {
  test('ten are kept: the oldest goes to the trash once the new one is there', () => {
    const { auto, there } = setUp();
    for (let i = 0; i < MOST_AUTOMATIC + 3; i += 1) trigger(auto, i);
    expect(there.map(({ id }) => id)).toEqual(range(4, 13).map((n) => `id-${n}`));
  });

  test('starred ones stay', () => {
    const { auto, there } = setUp();
    for (let i = 0; i < MOST_AUTOMATIC; i += 1) trigger(auto, i);
    for (const recording of there.slice(0, 4)) recording.starred = true;
    trigger(auto, 10);
    expect(there.map(({ id }) => id)).toEqual(
      [...range(1, 4), ...range(6, 11)].map((n) => `id-${n}`),
    );
  });

  test('all starred: none is made, and that is counted', () => {
    const { auto, there, saved } = setUp();
    for (let i = 0; i < MOST_AUTOMATIC; i += 1) trigger(auto, i);
    for (const recording of there) recording.starred = true;
    trigger(auto, 10);
    expect(saved).toHaveLength(MOST_AUTOMATIC);
    expect(auto.status()).toMatchObject({ saved: MOST_AUTOMATIC, held_back: 1 });
  });

  test('none is lost for one that cannot be saved', () => {
    const { auto, there, fail } = setUp();
    for (let i = 0; i < MOST_AUTOMATIC; i += 1) trigger(auto, i);
    fail.now = true;
    trigger(auto, 10);
    expect(there).toHaveLength(MOST_AUTOMATIC);
  });
});

describe('a request', () => {
  test('saves at once, also right after a trigger has', () => {
    const { auto, saved } = setUp();
    trigger(auto, 0);
    expect(auto.request(START_NS + 3n * SECOND).id).toBe('id-2');
    expect(saved).toEqual(['freeze', 'request']);
    expect(auto.status()).toMatchObject({ saved: 2, last_trigger: 'request', last_id: 'id-2' });
  });

  test('holds no trigger back', () => {
    const { auto, saved } = setUp();
    auto.request(START_NS);
    auto.triggered('freeze', START_NS + SECOND);
    auto.tick(START_NS + 4n * SECOND);
    expect(saved).toEqual(['request', 'freeze']);
  });

  test('is refused within two seconds of another; one that failed counts not', () => {
    const { auto, fail } = setUp();
    fail.now = true;
    expect(() => auto.request(START_NS)).toThrow('disk full');
    fail.now = false;
    auto.request(START_NS);
    expect(codeOf(() => auto.request(START_NS + SECOND))).toBe('409 black_box_too_soon');
    expect(auto.request(START_NS + 2n * SECOND).id).toBe('id-2');
  });
});

function setUp() {
  const saved: string[] = [];
  const there: { id: string; starred: boolean }[] = [];
  const lines: unknown[] = [];
  const fail = { now: false };
  const line = (message: string, fields: unknown = {}) => {
    if (message.includes('not')) lines.push([message, fields]);
  };
  const auto = new AutoSave({
    save: (trigger) => {
      if (fail.now) throw new Error('disk full');
      saved.push(trigger);
      const id = `id-${saved.length}`;
      if (trigger !== 'request') there.push({ id, starred: false });
      return {
        ...{ id, started_unix_ms: 0, duration_ms: 0, kind: '', width: 0, height: 0, fps: 0 },
        ...{ codec: '', client: '', sample_count: 0, trigger },
      };
    },
    recordings: {
      list: () => there,
      remove: (id) => {
        there.splice(0, there.length, ...there.filter((recording) => recording.id !== id));
      },
    },
    nowUnixMs: () => 1000 * saved.length,
    log: { debug: line, info: line, warn: line, error: line },
  });
  return { auto, saved, there, lines, fail };
}

/** The `i`th trigger, far enough from the one before it. */
function trigger(auto: AutoSave, i: number): void {
  const atNs = START_NS + BigInt(i) * 6n * MINUTE;
  auto.triggered('freeze', atNs);
  auto.tick(atNs + 2n * SECOND);
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}

function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof AppError) return `${error.status} ${error.code}`;
    throw error;
  }
  return 'none';
}
