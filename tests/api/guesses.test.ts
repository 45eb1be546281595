// Wrong tokens by address: what counts as a guess, when they are answered differently, and that nothing grows.
import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { Guesses } from '../../host/src/api/guesses.ts';

function guesses() {
  const clock = { ms: 0 };
  const counted = new Guesses(() => clock.ms);
  return {
    clock,
    counted,
    /** How many of so many different values were blocked. */
    blocked(address: string | undefined, count: number, from = 0): number {
      return Array.from({ length: count }, (_, i) =>
        counted.wrong(address, `hash ${from + i}`),
      ).filter((verdict) => verdict.blocked).length;
    },
  };
}

test('twenty different values a minute are looked at, and it is told once', () => {
  const { blocked, clock, counted } = guesses();
  expect(blocked('192.168.1.5', 20)).toBe(0);
  clock.ms = 15_000;
  expect(counted.wrong('192.168.1.5', 'another')).toEqual({
    blocked: true,
    first: true,
    retryAfterS: 45,
  });
  expect(counted.wrong('192.168.1.5', 'one more')).toMatchObject({ blocked: true, first: false });
  clock.ms = 60_000;
  expect(blocked('192.168.1.5', 20)).toBe(0);
});

test('a page that repeats an old token guesses nothing', () => {
  const { counted } = guesses();
  for (let i = 0; i < 500; i += 1) {
    expect(counted.wrong('192.168.1.5', 'the old one')).toEqual({ blocked: false });
  }
});

test('addresses do not hurt each other; one network of IPv6 is one guesser', () => {
  const { blocked } = guesses();
  expect(blocked('192.168.1.5', 25)).toBe(5);
  expect(blocked('192.168.1.6', 20)).toBe(0);
  expect(blocked('::ffff:192.168.1.6', 1, 100)).toBe(1);
  for (let i = 0; i < 20; i += 1) {
    expect(blocked(`2001:db8:1:2::${i.toString(16)}`, 1, i)).toBe(0);
  }
  expect(blocked('2001:db8:1:2:ffff:ffff:ffff:ffff', 1, 50)).toBe(1);
  expect(blocked('2001:db8:1:3::1', 1)).toBe(0);
  expect(blocked('fe80::1%eth0', 20)).toBe(0);
  expect(blocked('fe80::2', 1, 50)).toBe(1);
  expect(blocked('::1', 20)).toBe(0);
  expect(blocked(undefined, 25)).toBe(5);
});

test('no number of addresses, and no address, makes it grow or throw', () => {
  const { counted } = guesses();
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6(), fc.string()), fc.string(), (address, hash) => {
      counted.wrong(address, hash);
      expect(counted.size).toBeLessThanOrEqual(1024);
    }),
    { numRuns: 20_000 },
  );
  expect(counted.size).toBeGreaterThan(1000);
});
