// Whatever comes over RTSP: nothing throws, nothing is understood that is not there, and the port goes on.
import { describe, expect } from 'bun:test';
import fc from 'fast-check';
import { systemClock } from '../../host/src/clock.ts';
import { AppError } from '../../host/src/errors.ts';
import { readAnnouncement, videoKbps } from '../../host/src/gamestream/announce.ts';
import { encryptionOffer } from '../../host/src/gamestream/encryption.ts';
import { parseRequest, requestLength, writeAnswer } from '../../host/src/gamestream/rtsp.ts';
import { answerRequest } from '../../host/src/gamestream/rtsp-dialogue.ts';
import { isSealed, RtspSeal, sealedLength, sealText } from '../../host/src/gamestream/rtsp-seal.ts';
import { RtspServer } from '../../host/src/gamestream/rtsp-server.ts';
import { Logger } from '../../host/src/log.ts';
import { fuzz } from '../support/fuzz.ts';
import {
  announcement,
  exchange,
  parseAnswer,
  RtspClient,
  STOCK_ATTRIBUTES,
} from '../support/rtsp-client.ts';
import { client, fakeStreams, wish } from '../support/streams.ts';

const KEY = Uint8Array.from({ length: 16 }, (_, i) => i);
const quiet = new Logger({ format: 'json', level: 'error', write: () => undefined, now: () => 0 });

/** Text that looks like a request more often than chance would have it. */
const line = fc.oneof(
  fc.constantFrom(
    'OPTIONS * RTSP/1.0',
    'DESCRIBE rtsp://0.0.0.0:48010 RTSP/1.0',
    'SETUP streamid=audio/0/0 RTSP/1.0',
    'SETUP streamid=video/0/0 RTSP/1.0',
    'SETUP streamid=control/13/0 RTSP/1.0',
    'ANNOUNCE streamid=control/13/0 RTSP/1.0',
    'PLAY / RTSP/1.0',
    'CSeq: 1',
    'Session: 4242',
    'Host: 0.0.0.0',
    '',
  ),
  fc
    .tuple(fc.constantFrom('CSeq', 'Content-length', 'Session', 'Host'), fc.string())
    .map(([name, value]) => `${name}: ${value}`),
  fc.string({ unit: 'binary', maxLength: 80 }),
);
const text = fc
  .tuple(fc.array(line, { maxLength: 12 }), fc.constantFrom('\r\n', '\n', '\r\n\r\n'))
  .map(([lines, end]) => Buffer.from(lines.join('\r\n') + end));
const wire = fc.oneof(text, fc.uint8Array({ maxLength: 400 }));

/** A message with some of its bytes changed, cut or added. */
function damaged(message: Uint8Array): fc.Arbitrary<Uint8Array> {
  const change = fc.tuple(fc.nat(message.length - 1), fc.nat(255));
  return fc
    .tuple(
      fc.array(change, { maxLength: 4 }),
      fc.nat(message.length),
      fc.uint8Array({ maxLength: 8 }),
    )
    .map(([changes, length, tail]) => {
      const copy = Uint8Array.from(message);
      for (const [at, value] of changes) copy[at] = value;
      return Uint8Array.from([...copy.subarray(0, length), ...tail]);
    });
}

describe('RTSP text', () => {
  fuzz(
    'is a request, a fault, or not whole; never more than its limits',
    fc.property(wire, (bytes) => {
      const length = requestLength(bytes);
      const parsed = parseRequest(bytes);
      if (length === undefined) expect(parsed.kind).toBe('fault');
      if (length !== undefined && 'bytes' in length) expect(length.bytes).toBeLessThan(33_000);
      if (parsed.kind === 'request') {
        const { headers, body, cseq } = parsed.request;
        expect(headers.size).toBeLessThanOrEqual(64);
        expect(body.length).toBeLessThanOrEqual(bytes.length);
        expect(Number.isSafeInteger(cseq)).toBe(true);
      } else {
        const answer = writeAnswer({ ...parsed.fault, headers: [], body: '' });
        expect(parseAnswer(answer).status).toBe(400);
      }
    }),
  );

  fuzz(
    'in answers is what the client can read, whatever the reason says',
    fc.property(
      fc.string({ unit: 'binary' }),
      fc.integer({ min: 200, max: 599 }),
      (reason, status) => {
        const answer = writeAnswer({
          status,
          reason,
          cseq: 1,
          headers: [['Session', 'a']],
          body: '',
        });
        const seen = parseAnswer(answer);
        expect(seen).toEqual({ status, headers: { CSeq: '1', Session: 'a' }, body: '' });
      },
    ),
  );
});

describe('sealed RTSP', () => {
  const sealed = sealText(KEY, 'client', 1, Buffer.from('OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n'));

  fuzz(
    'opens whole or not at all',
    fc.property(fc.oneof(damaged(sealed), fc.uint8Array({ maxLength: 100 })), (message) => {
      const opened = new RtspSeal(KEY).open(message);
      const whole = Buffer.compare(Buffer.from(message), Buffer.from(sealed)) === 0;
      expect(opened !== undefined).toBe(whole);
      const length = sealedLength(message);
      if (length !== undefined) {
        expect(isSealed(message[0] ?? 0)).toBe(true);
        expect(length).toBeLessThanOrEqual(24 + 16_384);
      }
    }),
  );

  fuzz(
    'comes back as it was, and in order alone',
    fc.property(
      fc.array(fc.tuple(fc.nat(50), fc.uint8Array({ minLength: 1, maxLength: 64 })), {
        maxLength: 20,
      }),
      (messages) => {
        const seal = new RtspSeal(KEY);
        let last = -1;
        for (const [sequence, content] of messages) {
          const opened = seal.open(sealText(KEY, 'client', sequence, content));
          if (sequence > last) {
            expect(Buffer.from(opened ?? [])).toEqual(Buffer.from(content));
            last = sequence;
          } else expect(opened).toBeUndefined();
        }
      },
    ),
  );
});

describe('ANNOUNCE', () => {
  const value = fc.oneof(
    fc.constantFrom('0', '1', '-1', '60', '0x3c', '99999999999', '1e9', 'NaN', ''),
    fc.integer().map(String),
    fc.string({ unit: 'binary', maxLength: 12 }),
  );
  const changes = fc.dictionary(fc.constantFrom(...Object.keys(STOCK_ATTRIBUTES)), value, {
    maxKeys: 6,
  });
  const body = fc.oneof(
    changes.map((changed) => announcement(changed)),
    damaged(Buffer.from(announcement())).map((bytes) => Buffer.from(bytes).toString('latin1')),
    fc.string({ unit: 'binary', maxLength: 300 }),
  );

  fuzz(
    'is a stream within every limit, or refused with the reason',
    fc.property(
      body,
      fc.constantFrom('off' as const, 'lan-optional' as const, 'required' as const),
      (sdp, policy) => {
        const offer = encryptionOffer(policy, '127.0.0.1');
        try {
          const seen = readAnnouncement(sdp, { offer, hostHeader: '0.0.0.0' });
          for (const [number, least, most] of [
            [seen.width, 16, 8192],
            [seen.height, 16, 8192],
            [seen.fps, 1, 240],
            [seen.packetSize, 256, 8960],
            [seen.slices, 1, 32],
            [seen.maxReferenceFrames, 0, 1],
            [seen.minParity, 0, 16],
            [videoKbps(seen, 20), 100, 500_000],
          ] as const) {
            expect(Number.isInteger(number)).toBe(true);
            expect(number).toBeGreaterThanOrEqual(least);
            expect(number).toBeLessThanOrEqual(most);
          }
          if (offer.required) expect(seen.encryption).toMatchObject({ video: true, audio: true });
          if (policy === 'off') expect(seen.encryption.video).toBe(false);
        } catch (error) {
          if (!(error instanceof AppError)) throw error;
          expect([400, 403]).toContain(error.status);
          expect(error.message.length).toBeLessThan(400);
        }
      },
    ),
  );
});

describe('a handshake in any order', () => {
  fuzz(
    'gets answers that the client can read, and at most one session',
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat(9), fc.boolean(), fc.boolean()), { maxLength: 12 }),
      async (steps) => {
        const host = fakeStreams();
        await host.streams.launch(wish(client('ann')));
        const stream = host.streamOf(client('ann'));
        for (const [i, right, whole] of steps) {
          const [method = '', target = ''] = STEPS[i % STEPS.length] ?? [];
          const answer = await answerRequest(
            {
              method,
              target,
              cseq: 1,
              headers: new Map([['session', right ? stream.rtspSession : 'wrong']]),
              body: whole ? announcement() : 'v=0',
            },
            { stream, streams: host.streams, peerAddress: '127.0.0.1' },
          );
          expect([200, 400, 404, 454, 455]).toContain(answer.status);
          expect(parseAnswer(writeAnswer(answer)).status).toBe(answer.status);
          expect(host.sessions.list().length).toBeLessThanOrEqual(1);
        }
      },
    ),
  );
});

describe('the port', () => {
  fuzz(
    'survives whatever comes, and still serves the client',
    fc.asyncProperty(
      fc.array(wire, { minLength: 1, maxLength: 4 }),
      fc.boolean(),
      async (all, clear) => {
        const host = fakeStreams();
        const asked = wish(client('ann'), { sealedRtsp: !clear });
        await host.streams.launch(asked);
        const server = new RtspServer({
          port: 0,
          streams: host.streams,
          log: quiet,
          clock: systemClock,
        });
        await server.start();
        try {
          for (const bytes of all) {
            const answer = await exchangeOnce(server.port, bytes);
            if (!clear) expect(answer).toHaveLength(0);
          }
          const rtsp = new RtspClient({ port: server.port, ...(clear ? {} : { key: asked.key }) });
          expect(await rtsp.handshake()).toEqual([200, 200, 200, 200, 200, 200, 200]);
        } finally {
          await server.stop();
        }
      },
    ),
  );
});

/** Sends and closes its half: nobody waits for the rest of a request. */
function exchangeOnce(port: number, bytes: Uint8Array): Promise<Buffer> {
  return exchange(port, bytes, '127.0.0.1', true);
}

const STEPS = [
  ['OPTIONS', '*'],
  ['DESCRIBE', '*'],
  ['SETUP', 'streamid=audio/0/0'],
  ['SETUP', 'streamid=video/0/0'],
  ['SETUP', 'streamid=control/13/0'],
  ['SETUP', 'streamid=nothing'],
  ['ANNOUNCE', 'streamid=control/13/0'],
  ['ANNOUNCE', 'streamid=control/13/0'],
  ['PLAY', '/'],
  ['TEARDOWN', '/'],
] as const;
