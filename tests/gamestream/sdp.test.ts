// DESCRIBE's payload (gamestream-control-plane.md §5.5) and the offer behind it (§6).
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { isLocalAddress, plainAddress, urlHost } from '../../host/src/addresses.ts';
import { admitsOldClient, encryptionOffer } from '../../host/src/gamestream/encryption.ts';
import {
  beforeRotation,
  describe as describeStream,
  surroundLayouts,
  surroundParams,
} from '../../host/src/gamestream/sdp.ts';

const LAN = '192.168.1.20';
const FAR = '203.0.113.9';

function payload(invalidation = true): string {
  return describeStream({
    encryption: encryptionOffer('lan-optional', LAN),
    invalidation,
    inputFeatures: 0,
  });
}

describe('the payload', () => {
  test('is these lines', () => {
    expect(payload()).toBe(
      [
        'a=x-ss-general.featureFlags:0',
        'a=x-ss-general.encryptionSupported:7',
        'a=x-ss-general.encryptionRequested:1',
        'a=x-nv-video[0].refPicInvalidation:1',
        'a=fmtp:97 surround-params=21101',
        'a=fmtp:97 surround-params=642012453',
        'a=fmtp:97 surround-params=660012345',
        'a=fmtp:97 surround-params=85301245673',
        'a=fmtp:97 surround-params=88001234567',
        '',
      ].join('\n'),
    );
  });

  test('spells nothing that a client would take for a codec or a capability', () => {
    for (const forbidden of ['sprop-parameter-sets', 'AAAAAU', 'AV1', 'HEVC', 'H265', 'rtpmap']) {
      expect(payload()).not.toContain(forbidden);
    }
    expect(payload(false)).not.toContain('refPicInvalidation');
  });

  test('is text without NUL, below the size that clients stand', () => {
    expect(payload()).toMatch(/^[\x20-\x7e\n]+$/);
    expect(payload().length).toBeLessThan(8192);
  });
});

describe('surround layouts', () => {
  /** What the client makes of a normal-quality mapping: m′[3] = m[n−1], m′[4…n−1] = m[3…n−2]. */
  const rotatedByClient = (m: readonly number[]) => [
    ...m.slice(0, 3),
    ...m.slice(-1),
    ...m.slice(3, -1),
  ];

  test('undo the client’s rotation for every mapping of 6 and 8 channels', () => {
    const mapping = fc.constantFrom(6, 8).chain((n) =>
      fc.shuffledSubarray(
        Array.from({ length: n }, (_, i) => i),
        { minLength: n },
      ),
    );
    fc.assert(
      fc.property(mapping, (wanted) => {
        expect(rotatedByClient(beforeRotation(wanted))).toEqual(wanted);
      }),
    );
  });

  test('give the client each channel in its place', () => {
    for (const layout of surroundLayouts) {
      const digits = [...surroundParams(layout)].map(Number);
      const mapping = digits.slice(3);
      expect(digits.slice(0, 3)).toEqual([layout.channels, layout.streams, layout.coupled]);
      expect(layout.quality === 'normal' ? rotatedByClient(mapping) : mapping).toEqual([
        ...layout.mapping,
      ]);
      expect(layout.streams + layout.coupled).toBe(layout.channels);
    }
  });
});

describe('the offer of encryption', () => {
  test('follows the setting and where the client is', () => {
    const offer = (...args: Parameters<typeof encryptionOffer>) => {
      const { supported, requested, required } = encryptionOffer(...args);
      return [supported, requested, required];
    };
    expect(offer('off', LAN)).toEqual([5, 1, false]);
    expect(offer('off', FAR)).toEqual([5, 1, false]);
    expect(offer('lan-optional', LAN)).toEqual([7, 1, false]);
    expect(offer('lan-optional', FAR)).toEqual([7, 7, true]);
    expect(offer('required', LAN)).toEqual([7, 7, true]);
  });

  test('lets old clients come from where the setting says', () => {
    const admits = (address: string) =>
      (['refuse', 'lan', 'allow'] as const).map((policy) => admitsOldClient(policy, address));
    expect(admits(LAN)).toEqual([false, true, true]);
    expect(admits(FAR)).toEqual([false, false, true]);
    expect(admits('')).toEqual([false, false, true]);
  });
});

describe('addresses', () => {
  test('have one spelling each', () => {
    expect(plainAddress('::ffff:192.168.1.50')).toBe('192.168.1.50');
    expect(plainAddress('FE80::1%eth0')).toBe('fe80::1');
    expect(urlHost('::ffff:192.168.1.50')).toBe('192.168.1.50');
    expect(urlHost('fe80::1%eth0')).toBe('[fe80::1]');
  });

  test('are local when loopback, link-local or private', () => {
    const local = ['127.0.0.1', '::1', '10.9.8.7', '172.16.0.1', '172.31.255.255', '169.254.1.1'];
    const more = ['::ffff:192.168.0.1', 'fd12::1', 'fe80::1%wlan0'];
    const far = ['8.8.8.8', '172.32.0.1', '172.15.0.1', '2001:db8::1', '100.64.0.1', '192.169.0.1'];
    for (const address of [...local, ...more])
      expect([address, isLocalAddress(address)]).toEqual([address, true]);
    for (const address of [...far, '', 'localhost', '1.2.3']) {
      expect([address, isLocalAddress(address)]).toEqual([address, false]);
    }
  });
});
