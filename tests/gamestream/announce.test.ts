// ANNOUNCE (gamestream-control-plane.md §5.6–5.8): the real exchange, every row of the table, and what is refused.
import { describe, expect, test } from 'bun:test';
import { AppError } from '../../host/src/errors.ts';
import {
  announceTable,
  parseAttributes,
  readAnnouncement,
  videoKbps,
} from '../../host/src/gamestream/announce.ts';
import { encryptionOffer } from '../../host/src/gamestream/encryption.ts';
import { announcement, STOCK_ATTRIBUTES } from '../support/rtsp-client.ts';

const OPTIONAL = encryptionOffer('lan-optional', '127.0.0.1');
const HOST = '0.0.0.0';

function read(
  changes: Readonly<Record<string, string | undefined>> = {},
  { offer = OPTIONAL, hostHeader = HOST } = {},
) {
  return readAnnouncement(announcement(changes), { offer, hostHeader });
}

function refusal(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof AppError) return `${error.status} ${error.code}`;
    throw error;
  }
  return 'none';
}

describe('a stock client’s announcement', () => {
  test('is understood whole', () => {
    expect(read()).toEqual({
      width: 1280,
      height: 720,
      fps: 60,
      packetSize: 1360,
      colour: { matrix: 'bt601', full_range: false },
      slices: 1,
      maxReferenceFrames: 1,
      minParity: 2,
      budgetKbps: 10_000,
      fallbackKbps: 8000,
      audio: { channels: 2, highQuality: false, packetMs: 5 },
      encryption: { control: 'v2', video: true, audio: true },
      reports: true,
      sendsSessionIds: true,
    });
  });

  test('holds no attribute that the table does not name', () => {
    const known = new Set(announceTable.map(({ name }) => name));
    expect([...parseAttributes(announcement()).keys()].filter((name) => !known.has(name))).toEqual(
      [],
    );
  });

  test('cut at any byte is understood or refused, never more', () => {
    const whole = announcement();
    for (let length = 0; length < whole.length; length += 1) {
      const seen = refusal(() =>
        readAnnouncement(whole.slice(0, length), { offer: OPTIONAL, hostHeader: HOST }),
      );
      expect(['none', '400 announce_invalid']).toContain(seen);
    }
  });
});

describe('the table', () => {
  test('names every attribute once and says what becomes of it', () => {
    const names = announceTable.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(announceTable.filter(({ what }) => what.length < 5)).toEqual([]);
    expect(announceTable.length).toBeGreaterThan(35);
  });

  test('is kept: what must be there is missed, and what is beyond its range is refused', () => {
    for (const { name, use, absent, least, most } of announceTable) {
      if (use === 'ignored') {
        expect([name, refusal(() => read({ [name]: 'nonsense' }))]).toEqual([name, 'none']);
        continue;
      }
      const missed = absent === undefined || absent < (least ?? 0);
      const missing = refusal(() => read({ [name]: undefined }));
      expect([name, missing]).toEqual([name, missed ? '400 announce_invalid' : 'none']);
      for (const bad of ['one', '1.5', '1e3', '99999999999', '--1', `${(least ?? 0) - 1}`]) {
        expect([name, bad, refusal(() => read({ [name]: bad }))]).toEqual([
          name,
          bad,
          '400 announce_invalid',
        ]);
      }
      if (most !== undefined && most < 4_294_967_295) {
        const beyond = refusal(() => read({ [name]: `${most + 1}` }));
        expect([name, beyond]).toEqual([name, '400 announce_invalid']);
      }
    }
  });
});

describe('single attributes', () => {
  test('without a value count as absent, and the first of a name counts', () => {
    const values = parseAttributes('a=x:\r\na=y\r\na=x: 1 \r\na=x:2\na=:3\n=z:4\r\n');
    expect([...values]).toEqual([
      ['x', '1'],
      ['', '3'],
    ]);
  });

  test('may be hexadecimal', () => {
    expect(read({ 'x-nv-video[0].clientViewportWd': '0x500' }).width).toBe(1280);
  });

  test('are bounded in number and length', () => {
    expect(refusal(() => parseAttributes('a=b:1\n'.repeat(201)))).toBe('400 announce_invalid');
    expect(refusal(() => parseAttributes(`a=${'b'.repeat(129)}:1`))).toBe('400 announce_invalid');
  });

  test.each(['0', '15', '255', '1361', '8976', '65535'])('packetSize %s is refused', (size) => {
    expect(refusal(() => read({ 'x-nv-video[0].packetSize': size }))).toBe('400 announce_invalid');
  });

  test('a codec, depth or chroma that was not offered is refused', () => {
    for (const changes of [
      { 'x-nv-vqos[0].bitStreamFormat': '1' },
      { 'x-nv-vqos[0].bitStreamFormat': '2' },
      { 'x-nv-video[0].dynamicRangeMode': '1' },
      { 'x-ss-video[0].chromaSamplingType': '1' },
    ]) {
      expect(refusal(() => read(changes))).toBe('400 announce_invalid');
    }
  });

  test('colour is matrix and range; Rec. 2020 falls back to Rec. 709', () => {
    const colours = ['0', '1', '2', '3', '4', '5'].map((mode) => {
      const { matrix, full_range } = read({ 'x-nv-video[0].encoderCscMode': mode }).colour;
      return `${matrix}${full_range ? ' full' : ''}`;
    });
    expect(colours).toEqual(['bt601', 'bt601 full', 'bt709', 'bt709 full', 'bt709', 'bt709 full']);
  });

  test('channels are 2, 6 or 8', () => {
    const channels = (count: string) => read({ 'x-nv-audio.surround.numChannels': count });
    expect(channels('6').audio.channels).toBe(6);
    expect(channels('8').audio.channels).toBe(8);
    for (const count of ['3', '4', '7']) {
      expect(refusal(() => channels(count))).toBe('400 announce_invalid');
    }
  });

  test('stereo’s quality follows the Host header, surround’s its attribute', () => {
    const stereo = (hostHeader: string) => read({}, { offer: OPTIONAL, hostHeader }).audio;
    expect(stereo('192.168.1.50').highQuality).toBe(true);
    expect(stereo('0.0.0.0').highQuality).toBe(false);
    const surround = { 'x-nv-audio.surround.numChannels': '6' };
    const high = { ...surround, 'x-nv-audio.surround.AudioQuality': '1' };
    expect(read(surround, { offer: OPTIONAL, hostHeader: 'x' }).audio.highQuality).toBe(false);
    expect(read(high).audio.highQuality).toBe(true);
  });

  test('a sound packet lasts 5 ms unless it is 10', () => {
    const ms = (value: string) => read({ 'x-nv-aqos.packetDuration': value }).audio.packetMs;
    expect(['5', '10', '20', '0'].map(ms)).toEqual([5, 10, 5, 5]);
  });
});

describe('encryption', () => {
  const off = encryptionOffer('off', '127.0.0.1');
  const required = encryptionOffer('required', '127.0.0.1');
  const enabled = (bits: number, flags = 135) => ({
    'x-ss-general.encryptionEnabled': `${bits}`,
    'x-nv-general.featureFlags': `${flags}`,
  });

  test('sound is sealed whenever the client says so by its flags, though it was not offered', () => {
    expect(read(enabled(1, 167)).encryption).toEqual({ control: 'v2', video: false, audio: true });
    expect(read(enabled(5)).encryption.audio).toBe(true);
    expect(read(enabled(1)).encryption.audio).toBe(false);
  });

  test('a bit that was not offered is refused', () => {
    expect(refusal(() => read(enabled(3), { offer: off, hostHeader: HOST }))).toBe(
      '400 announce_invalid',
    );
    expect(refusal(() => read(enabled(8)))).toBe('400 announce_invalid');
  });

  test('demanded and missing is refused', () => {
    const with_ = (bits: number, flags?: number) =>
      refusal(() => read(enabled(bits, flags), { offer: required, hostHeader: HOST }));
    expect([with_(7), with_(3, 167), with_(5), with_(3), with_(0)]).toEqual([
      'none',
      'none',
      '403 encryption_required',
      '403 encryption_required',
      '403 encryption_required',
    ]);
  });

  test('without its first bit the client is an old one', () => {
    expect(read(enabled(0)).encryption.control).toBe('weak');
  });
});

describe('the encoder’s bitrate', () => {
  const kbps = (budget: number, fecPct: number, channels = 2, high = false): number =>
    videoKbps(
      {
        ...read({ 'x-ml-video.configuredBitrateKbps': `${budget}` }),
        audio: { channels: channels === 6 ? 6 : 2, highQuality: high, packetMs: 5 },
      },
      fecPct,
    );

  test('is the table of §5.8', () => {
    expect([
      kbps(500, 20),
      kbps(5000, 20),
      kbps(10_000, 20),
      kbps(10_000, 0),
      kbps(20_000, 20, 2, true),
      kbps(50_000, 20, 6),
      kbps(50_000, 20, 6, true),
      kbps(150_000, 20, 2, true),
    ]).toEqual([288, 3428, 7308, 9308, 14_988, 38_924, 37_964, 118_988]);
  });

  test('takes nothing for parity beyond 80 %', () => {
    expect(kbps(10_000, 81)).toBe(kbps(10_000, 0));
    expect(kbps(10_000, 80)).toBeLessThan(2000);
  });

  test('is the old field where a client knows no other, and one of them must be there', () => {
    const old = { 'x-ml-video.configuredBitrateKbps': undefined };
    expect(videoKbps(read(old), 20)).toBe(8000);
    expect(refusal(() => read({ ...old, 'x-nv-vqos[0].bw.maximumBitrateKbps': undefined }))).toBe(
      '400 announce_invalid',
    );
  });

  test('keeps within what an encoder may be asked for', () => {
    expect(read({ 'x-ml-video.configuredBitrateKbps': '1' }).budgetKbps).toBe(500);
    expect(read({ 'x-ml-video.configuredBitrateKbps': '4000000000' }).budgetKbps).toBe(500_000);
  });
});

test('the stock attributes are those of §5.6', () => {
  expect(Object.keys(STOCK_ATTRIBUTES)).toHaveLength(37);
  expect(announcement()).toHaveLength(1489);
});
