import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { decodeInput, encodeInput, type SmallInput } from '../../recording/src/inputs.ts';
import { anySmallInput } from '../support/any-input.ts';

describe('inputs as text', () => {
  test('come back as they went, absent still absent', () => {
    fc.assert(
      fc.property(anySmallInput, (input) => {
        expect(decodeInput(encodeInput(input))).toStrictEqual(input);
      }),
    );
  });

  test('are one line each', () => {
    fc.assert(
      fc.property(anySmallInput, (input) => {
        expect(encodeInput(input)).not.toContain('\n');
      }),
    );
  });

  test('of the host as a whole stay without a session', () => {
    const marker: SmallInput = {
      kind: 'event',
      atNs: 2n ** 63n,
      sessionId: undefined,
      event: { kind: 'marker', detail: { text: 'a\nb' } },
    };
    const { sessionId, ...rest } = marker;
    expect(sessionId).toBeUndefined();
    expect<unknown>(decodeInput(encodeInput(marker))).toEqual(rest);
  });

  test('that are none are refused', () => {
    for (const text of ['', '{', '[]', 'null', '{}', '{"kind":"event"}', '"x"']) {
      expect(() => decodeInput(text)).toThrow();
    }
  });
});
