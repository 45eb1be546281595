// A recording at a glance: what its windows prove, what they leave open, and how glances are fetched.
import { describe, expect, test } from 'bun:test';
import { type Glance, glanceOf } from '../../components/pf-recordings-list/glance.ts';
import { Glances } from '../../components/pf-recordings-list/glances.ts';
import { linePath } from '../../components/pf-recordings-list/row.ts';
import {
  verdictNames,
  verdictOfFindings,
  verdictWord,
} from '../../components/pf-recordings-list/row-verdict.ts';
import type { Capture, StatsSample } from '../../contract/stats.ts';
import {
  cleanRecording,
  firstFormat,
  idleRecording,
  longRecording,
  twoSessions,
} from '../support/seeded-recordings.ts';

const clean = (): Capture => {
  const made = cleanRecording();
  return {
    ...made,
    samples: made.samples.map((one) => ({ ...one, total_p99_us: 9000, frames_dropped: 0 })),
  };
};
const withSamples = (change: (sample: StatsSample, i: number) => StatsSample): Capture => {
  const made = clean();
  return { ...made, samples: made.samples.map(change) };
};

describe('the verdict of a row', () => {
  test('a slow encoder is named, by the stage that rose', () => {
    const { verdict } = glanceOf(longRecording());
    expect(verdict).toEqual({ kind: 'slow', part: 'encode' });
    expect(verdictWord(verdict, 'en')).toBe('Encoder slow');
    expect(verdictWord(verdict, 'de')).toBe('Encoder langsam');
    expect(verdictNames(verdict)).toContain('encode');
  });

  test('clean only where a window’s 99th percentile is its slowest frame; else steady', () => {
    expect(glanceOf(clean()).verdict).toEqual({ kind: 'clean' });
    const many = withSamples((sample) => ({ ...sample, frames: 120 }));
    expect(glanceOf(many).verdict).toEqual({ kind: 'steady' });
    const unknown = withSamples(({ frames_dropped, ...sample }) => sample);
    expect(glanceOf(unknown).verdict).toEqual({ kind: 'steady' });
    // One late frame by itself is no finding, and no clean run either.
    const late = withSamples((one, i) => (i === 50 ? { ...one, total_p99_us: 17_000 } : one));
    expect(glanceOf(late).verdict).toEqual({ kind: 'steady' });
    expect(verdictNames({ kind: 'steady' })).toContain('clean');
  });

  test('one frame far over the budget is late; no stage that rose is named', () => {
    const spike = withSamples((one, i) => (i === 50 ? { ...one, total_p99_us: 80_000 } : one));
    expect(glanceOf(spike).verdict).toEqual({ kind: 'slow', part: undefined });
    expect(verdictWord({ kind: 'slow', part: undefined }, 'en')).toBe('Late frames');
  });

  test('late all along: no stage rose, so none is named', () => {
    const late = withSamples((one) => ({ ...one, total_p50_us: 18_000, total_p99_us: 22_000 }));
    expect(glanceOf(late).verdict).toEqual({ kind: 'slow', part: undefined });
  });

  test('loss, repeats, frames given up', () => {
    const loss = withSamples((one, i) => (i === 9 ? { ...one, packets_dropped: 40 } : one));
    expect(glanceOf(loss).verdict).toEqual({ kind: 'loss' });
    const starved = withSamples((one, i) =>
      i > 60 && i < 80 ? { ...one, fps: 30, repeat_fps: 30 } : one,
    );
    const glance = glanceOf(starved);
    expect(glance.verdict).toEqual({ kind: 'starved' });
    expect(glance.starved).toHaveLength(1);
    expect(glance.starved[0]?.[0]).toBeCloseTo(61 / 120, 2);
    const dropped = withSamples((one, i) => (i === 9 ? { ...one, frames_dropped: 3 } : one));
    expect(glanceOf(dropped).verdict).toEqual({ kind: 'dropped' });
  });

  test('without totals, and without anything, nothing is claimed', () => {
    expect(glanceOf(firstFormat()).verdict).toEqual({ kind: 'unmeasured' });
    expect(glanceOf(idleRecording()).verdict).toEqual({ kind: 'unmeasured' });
  });

  test('findings out of all frames say clean when they found none', () => {
    const none = { findings: [], frames: 100, late: 0, lateOutside: 0 } as const;
    const facts = { medianUs: 5000, budgetUs: 16_667 };
    expect(verdictOfFindings({ ...none, ...facts })).toEqual({ kind: 'clean' });
    expect(verdictOfFindings({ ...none, ...facts, frames: 0 })).toEqual({ kind: 'unmeasured' });
  });
});

describe('the line of a row', () => {
  test('keeps the largest of every column, and a gap is a gap', () => {
    const { line } = glanceOf(longRecording());
    expect(line).toHaveLength(48);
    const at = (ms: number): number => Math.floor((ms / 1_200_000) * 48);
    expect(line[at(600_000)]).toBeGreaterThan(2);
    expect(line[at(300_000)]).toBeLessThan(1.2);
    expect(glanceOf(longRecording(), 240).line[150]).toBeNaN();
    const all = longRecording().samples.map(({ total_p99_us = 0 }) => (total_p99_us * 60) / 1e6);
    expect(Math.max(...line.filter((v) => !Number.isNaN(v)))).toBeCloseTo(Math.max(...all), 4);
  });

  test('sessions are measured each by its own budget', () => {
    const { line } = glanceOf(twoSessions());
    expect(line.every((value) => value > 0)).toBe(true);
  });

  test('the path breaks where nothing was measured; a column alone is a point', () => {
    expect(linePath(new Float32Array([0, 3, Number.NaN, 1, Number.NaN]))).toBe(
      'M0.5 19h0.01L1.5 1M3.5 13h0.01',
    );
    expect(linePath(new Float32Array([9]))).toBe('M0.5 1h0.01');
  });
});

describe('glances are fetched', () => {
  const glance: Glance = {
    line: new Float32Array(1),
    worst: new Float32Array(1),
    starved: [],
    verdict: { kind: 'clean' },
    apps: [],
  };
  const settle = (): Promise<void> => new Promise((done) => setTimeout(done));
  function fetching(most?: number) {
    const asked: string[] = [];
    const aborted: string[] = [];
    const open = new Map<string, { resolve: (c: Capture) => void; reject: (e: Error) => void }>();
    const glances = new Glances({
      load: (id, signal) => {
        asked.push(id);
        const { promise, resolve, reject } = Promise.withResolvers<Capture>();
        open.set(id, { resolve, reject });
        signal.addEventListener('abort', () => {
          aborted.push(id);
          reject(new DOMException('given up', 'AbortError'));
        });
        return promise;
      },
      maker: async () => () => glance,
      onNews: () => undefined,
      ...(most === undefined ? {} : { most }),
    });
    const answer = async (id: string): Promise<void> => {
      open.get(id)?.resolve(clean());
      await settle();
    };
    return { glances, asked, aborted, answer, open };
  }

  test('two at a time, in the order that they are wanted, once each', async () => {
    const { glances, asked, answer } = fetching();
    glances.want(['a', 'b', 'c']);
    expect(asked).toEqual(['a', 'b']);
    await answer('a');
    expect(asked).toEqual(['a', 'b', 'c']);
    expect(glances.get('a')).toBe(glance);
    await answer('b');
    await answer('c');
    glances.want(['a', 'b', 'c']);
    expect(asked).toHaveLength(3);
  });

  test('what is scrolled away is given up, and asked for when it comes back', async () => {
    const { glances, asked, aborted, answer } = fetching();
    glances.want(['a', 'b']);
    glances.want(['c']);
    await settle();
    expect(aborted).toEqual(['a', 'b']);
    expect(glances.isSettled('a')).toBe(false);
    expect(asked).toEqual(['a', 'b', 'c']);
    await answer('c');
    glances.want(['a']);
    expect(asked).toEqual(['a', 'b', 'c', 'a']);
  });

  test('what cannot be read is not asked for again; the oldest go', async () => {
    const { glances, asked, answer, open } = fetching(2);
    glances.want(['a']);
    open.get('a')?.reject(new Error('damaged'));
    await settle();
    expect(glances.isSettled('a')).toBe(true);
    expect(glances.get('a')).toBeUndefined();
    glances.want(['a', 'b', 'c']);
    await answer('b');
    await answer('c');
    // More are wanted than are kept: none is dropped for another, or they would be asked for in a circle.
    expect(asked).toEqual(['a', 'b', 'c']);
    glances.want(['d']);
    await answer('d');
    expect(glances.isSettled('a')).toBe(false);
    expect(glances.isSettled('d')).toBe(true);
    glances.forget();
    expect(glances.isSettled('d')).toBe(false);
  });
});
