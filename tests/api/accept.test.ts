import { describe, expect, test } from 'bun:test';
import { preferred } from '../../host/src/api/accept.ts';
import { queryOf } from '../../host/src/api/schema.ts';

describe('Accept', () => {
  const offers = ['application/a', 'text/b'] as const;

  test('without a wish the first is taken', () => {
    for (const accept of [null, '', '  ', '*/*']) expect(preferred(accept, offers)).toBe(offers[0]);
  });

  test('the best wins, the first of equals, and the more exact range speaks', () => {
    for (const [accept, expected] of [
      ['text/b', 'text/b'],
      ['TEXT/B;charset=utf-8', 'text/b'],
      ['application/a;q=0.1, text/b;q=0.2', 'text/b'],
      ['text/*;q=0.5, application/a;q=0.5', 'application/a'],
      ['*/*;q=0.9, application/a;q=0', 'text/b'],
      ['text/b;q=0, */*', 'application/a'],
    ] as const) {
      expect([accept, preferred(accept, offers)]).toEqual([accept, expected]);
    }
  });

  test('what nobody offers is nothing', () => {
    for (const accept of ['image/png', 'text/b;q=0', '*/*;q=0', 'text/b;q=x', ';;;', 'text']) {
      expect([accept, preferred(accept, offers)]).toEqual([accept, undefined]);
    }
  });
});

describe('a query', () => {
  test('is read as it was written, whatever its values look like', () => {
    expect(queryOf('http://x/y')).toEqual({});
    expect(queryOf('http://x/y?a=1,2&b=[1]&c={"d":1}&e=%26+%2B&f&a=3&__proto__=x')).toEqual(
      Object.fromEntries([
        ['a', ['1,2', '3']],
        ['b', '[1]'],
        ['c', '{"d":1}'],
        ['e', '& +'],
        ['f', ''],
        ['__proto__', 'x'],
      ]),
    );
    expect(queryOf('http://x/y?a=%zz&b=%ff')).toEqual({ a: '%zz', b: '\ufffd' });
  });
});
