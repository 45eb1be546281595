import { describe, expect, test } from 'bun:test';
import { plainAddress } from '../../host/src/addresses.ts';
import { localIpv4, macOf } from '../../host/src/gamestream/addresses.ts';
import { Query } from '../../host/src/gamestream/query.ts';
import { document, element, escaped, parent } from '../../host/src/gamestream/xml.ts';

describe('a query', () => {
  test('skips empty pairs, as the Python client sends them', () => {
    const query = Query.parse('rikey=00&&corever=1&');
    expect([query.get('rikey'), query.get('corever'), query.has('')]).toEqual(['00', '1', false]);
  });

  test('takes the first of a repeated name, empty or not', () => {
    expect(Query.parse('a=1&a=2').get('a')).toBe('1');
    expect(Query.parse('a&a=2').get('a')).toBe('');
    expect(Query.parse('%61=1&a=2').get('a')).toBe('1');
  });

  test('is form-urlencoded UTF-8', () => {
    expect(Query.parse('a=b+c%2B%c3%a4=%3D').get('a')).toBe('b c+ä==');
  });

  test('knows no names by inheritance', () => {
    const query = Query.parse('x=1');
    expect([query.get('__proto__'), query.get('constructor'), query.has('toString')]).toEqual([
      undefined,
      undefined,
      false,
    ]);
    expect(Query.parse('__proto__=1').get('__proto__')).toBe('1');
  });

  for (const text of [
    'a=%',
    'a=%0',
    'a=%zz',
    'a=%00',
    '%00=a',
    'a=%0a',
    'a=%7f',
    'a=%c2%85',
    'a=%ff',
    'a=%c0%80',
    'a=%ed%a0%80',
    'ok=1&unused=%',
  ]) {
    test(`is refused: ${text}`, () => {
      expect(() => Query.parse(text)).toThrow('not readable text');
    });
  }

  test('numbers are plain decimals', () => {
    const of = (text: string) => Query.parse(`n=${text}`).unsigned('n', 2_147_483_647);
    expect([of('0'), of('1751727362'), of('2147483647')]).toEqual([
      0, 1_751_727_362, 2_147_483_647,
    ]);
    expect(Query.parse('').unsigned('n')).toBeUndefined();
    for (const wrong of [
      '',
      '-1',
      '-0',
      '%2B1',
      '1e9',
      '0x1',
      '1.0',
      '%201',
      '1%20',
      '2147483648',
      '99999999999',
      'NaN',
      '%D9%A1',
    ]) {
      expect(() => of(wrong)).toThrow('The parameter n must be a number');
    }
  });

  test('a key’s id is a 32-bit number of either sign', () => {
    const of = (text: string) => Query.parse(`n=${text}`).int32('n');
    expect(of('-272923188')).toBe(0xef_bb_85_cc);
    expect([of('-2147483648'), of('4294967295'), of('0'), of('-1')]).toEqual([
      2_147_483_648, 4_294_967_295, 0, 4_294_967_295,
    ]);
    for (const wrong of ['', '-', '-0', '-2147483649', '4294967296', '%2B5', '1e3', '--1', '5-']) {
      expect(() => of(wrong)).toThrow('32-bit number');
    }
  });

  test('bytes are whole pairs of hex digits of either case', () => {
    expect(Query.parse('k=00fFAb').hex('k', 3)).toEqual(Uint8Array.of(0, 255, 171));
    for (const wrong of ['0', '0g', '00112233', '0x00', '00%20']) {
      expect(() => Query.parse(`k=${wrong}`).hex('k', 3)).toThrow('The parameter k must be hex');
    }
  });

  test('never shows a value in an error', () => {
    for (const work of [
      () => Query.parse('rikey=5ec4e7%').get('rikey'),
      () => Query.parse('rikey=5ec4e7zz').hex('rikey', 16),
      () => Query.parse('rikeyid=5ec4e7').int32('rikeyid'),
    ]) {
      expect(work).toThrow(/^(?!.*5ec4e7)/);
    }
  });
});

describe('XML', () => {
  test('has no white space between elements, and its status on the root', () => {
    const body = document(200, [parent('App', [element('ID', 1), element('AppTitle', 'A')])]);
    expect(new TextDecoder().decode(body)).toBe(
      '<?xml version="1.0" encoding="utf-8"?><root status_code="200"><App><ID>1</ID><AppTitle>A</AppTitle></App></root>',
    );
    expect(new TextDecoder().decode(document(401, [], 'The client is not authorized'))).toBe(
      '<?xml version="1.0" encoding="utf-8"?><root status_code="401" status_message="The client is not authorized"></root>',
    );
  });

  test('carries any name as text', () => {
    expect(escaped(`<&>"'`)).toBe('&lt;&amp;&gt;&quot;&apos;');
    expect(escaped('a\u0000\u0008\ufffe\ud800\u0085b😀')).toBe('ab😀');
    expect(new TextDecoder().decode(document(500, [], '"><x'))).toContain(
      'status_message="&quot;&gt;&lt;x"',
    );
  });
});

describe('addresses', () => {
  test('lose IPv6’s clothes around IPv4', () => {
    expect(plainAddress('::ffff:192.168.1.50')).toBe('192.168.1.50');
    expect(plainAddress('::FFFF:10.0.0.1')).toBe('10.0.0.1');
    expect(plainAddress('fe80::1%eth0')).toBe('fe80::1');
    expect(localIpv4('192.168.1.50')).toBe('192.168.1.50');
    expect(localIpv4('2001:db8::1')).toBe('127.0.0.1');
  });

  test('lead to the card’s MAC', () => {
    const card = (address: string, mac: string) => ({
      address,
      mac,
      netmask: '',
      cidr: null,
      internal: false,
      family: 'IPv4' as const,
    });
    const cards = {
      lo: [card('127.0.0.1', '00:00:00:00:00:00')],
      eth0: [card('192.168.1.50', 'aa:bb:cc:dd:ee:ff'), card('fe80::1', 'aa:bb:cc:dd:ee:ff')],
    };
    expect(macOf('192.168.1.50', cards)).toBe('aa:bb:cc:dd:ee:ff');
    expect(macOf('fe80::1%eth0', cards)).toBe('aa:bb:cc:dd:ee:ff');
    expect(macOf('10.0.0.1', cards)).toBe('00:00:00:00:00:00');
  });
});
