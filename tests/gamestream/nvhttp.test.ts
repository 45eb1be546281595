import { describe, expect, test } from 'bun:test';
import { appId } from '../../host/src/apps/apps.ts';
import { AppError } from '../../host/src/errors.ts';
import { device } from '../support/certificates.ts';
import { elementOf, nvRig, PairingClient } from '../support/gamestream.ts';

const [phone, stranger] = [device(), device()];
const DESKTOP = appId('desktop');
const KEY = '879a4ddf89bd3c25b26822077640d527';
const LAUNCH =
  `/launch?uniqueid=0123456789ABCDEF&uuid=1&appid=${DESKTOP}&mode=1920x1080x60&additionalStates=1&sops=1` +
  `&rikey=${KEY}&rikeyid=-272923188&localAudioPlayMode=0&surroundAudioInfo=196610&remoteControllersBitmap=1` +
  '&gcmap=1&gcpersist=0&corever=1';
const DECLARATION = '<?xml version="1.0" encoding="utf-8"?>';

describe('serverinfo', () => {
  test('is the example of §3.5 in the clear', async () => {
    const rig = nvRig();
    const answer = await rig.clear('/serverinfo?uniqueid=0123456789ABCDEF&uuid=17f2');
    expect(answer.status).toBe(200);
    expect(answer.text).toBe(
      `${DECLARATION}<root status_code="200"><hostname>living-room</hostname><appversion>7.1.431.-1</appversion>` +
        `<GfeVersion>3.23.0.74</GfeVersion><uniqueid>${rig.identity.uniqueId}</uniqueid>` +
        '<HttpsPort>47984</HttpsPort><ExternalPort>47989</ExternalPort><MaxLumaPixelsHEVC>0</MaxLumaPixelsHEVC>' +
        '<mac>00:00:00:00:00:00</mac><LocalIP>192.168.1.50</LocalIP>' +
        '<ServerCodecModeSupport>1</ServerCodecModeSupport><PairStatus>0</PairStatus>' +
        '<currentgame>0</currentgame><state>PUNKTFUNK_SERVER_FREE</state></root>',
    );
    expect((await rig.clear('/serverinfo')).text).toBe(answer.text);
  });

  test('tells a paired device that it is one, and what runs', async () => {
    const rig = nvRig();
    rig.trust(phone);
    expect(elementOf(await rig.secure('/serverinfo', phone), 'PairStatus')).toBe('1');
    rig.streams.running = DESKTOP;
    const busy = await rig.secure('/serverinfo', phone);
    expect(elementOf(busy, 'currentgame')).toBe(String(DESKTOP));
    expect(elementOf(busy, 'state')).toBe('PUNKTFUNK_SERVER_BUSY');
  });

  test('knows a device by its certificate: another’s uniqueid changes nothing', async () => {
    const rig = nvRig();
    rig.trust(phone);
    const same = '/serverinfo?uniqueid=0123456789ABCDEF';
    expect((await rig.secure(same, phone)).code).toBe('200');
    expect((await rig.secure(same, stranger)).code).toBe('401');
    expect((await rig.secure(same, undefined)).code).toBe('401');
  });

  test('says 401 as HTTP 200, which clients read', async () => {
    const answer = await nvRig().secure('/serverinfo', stranger);
    expect([answer.status, answer.text]).toEqual([
      200,
      `${DECLARATION}<root status_code="401" status_message="The client is not authorized"></root>`,
    ]);
  });

  test('offers HEVC and 10 bits only with an encoder for them, and H.264 always', async () => {
    const rig = nvRig({ codecs: () => ({ modes: 0x300 }) });
    rig.trust(phone);
    const info = await rig.clear('/serverinfo');
    expect(elementOf(info, 'ServerCodecModeSupport')).toBe('769');
    expect(elementOf(info, 'MaxLumaPixelsHEVC')).toBe('1869449984');
    expect(elementOf(await rig.secure('/applist', phone), 'IsHdrSupported')).toBe('1');
  });

  test('carries any name of a host, and a host without one', async () => {
    const odd = nvRig({ hostName: '<Anna & "Tom">\u0007' });
    expect((await odd.clear('/serverinfo')).text).toContain(
      '<hostname>&lt;Anna &amp; &quot;Tom&quot;&gt;</hostname>',
    );
    const nameless = nvRig({ hostName: '\u0000' });
    expect(elementOf(await nameless.clear('/serverinfo'), 'hostname')).toBe('punktfunk');
  });

  test('over IPv6 has no IPv4 address to tell', async () => {
    const answer = await nvRig().clear('/serverinfo', { localAddress: '2001:db8::1' });
    expect(elementOf(answer, 'LocalIP')).toBe('127.0.0.1');
  });
});

describe('apps', () => {
  test('are listed without white space', async () => {
    const rig = nvRig();
    rig.trust(phone);
    expect((await rig.secure('/applist', phone)).text).toBe(
      `${DECLARATION}<root status_code="200"><App><IsHdrSupported>0</IsHdrSupported>` +
        `<AppTitle>Desktop</AppTitle><ID>${DESKTOP}</ID></App></root>`,
    );
  });

  test('have a picture of 600×800', async () => {
    const rig = nvRig();
    rig.trust(phone);
    const answer = await rig.secure(`/appasset?appid=${DESKTOP}&AssetType=2&AssetIdx=0`, phone);
    expect(answer.status).toBe(200);
    expect(answer.body.subarray(1, 4).toString()).toBe('PNG');
    expect([answer.body.readUInt32BE(16), answer.body.readUInt32BE(20)]).toEqual([600, 800]);
  });

  test('CVE-2024-31220: no parameter leads to a file', async () => {
    const asked: string[] = [];
    const rig = nvRig({
      boxArt: (key) => {
        asked.push(key);
        return undefined;
      },
    });
    rig.trust(phone);
    for (const id of [
      '../../x',
      '%2e%2e%2fx',
      '/etc/passwd',
      'desktop',
      '0',
      '-1',
      '1e9',
      '99999999999',
      '',
    ]) {
      expect((await rig.secure(`/appasset?appid=${id}`, phone)).code).toBe('400');
    }
    for (const id of ['', `?appid=${DESKTOP + 1}`]) {
      const answer = await rig.secure(`/appasset${id}`, phone);
      expect([answer.status, answer.code]).toEqual([404, '404']);
    }
    expect(asked).toEqual([]);
    expect((await rig.secure(`/appasset?appid=${DESKTOP}`, phone)).status).toBe(404);
    expect(asked).toEqual(['desktop']);
    for (const path of [
      '/../etc/passwd',
      '/applist/',
      '//applist',
      '/%61pplist',
      '/APPLIST',
      '/applist;x',
    ]) {
      expect((await rig.secure(path, phone)).status).toBe(404);
    }
  });
});

describe('launch', () => {
  test('hands on what the client wished, and answers where RTSP is', async () => {
    const rig = nvRig();
    rig.trust(phone);
    const answer = await rig.secure(LAUNCH, phone);
    expect(answer.text).toBe(
      `${DECLARATION}<root status_code="200"><sessionUrl0>rtspenc://192.168.1.50:48010</sessionUrl0>` +
        '<gamesession>1</gamesession></root>',
    );
    expect(rig.streams.wishes).toEqual([
      {
        client: { fingerprint: phone.fingerprint, name: 'Deck', mayEnd: false },
        appId: DESKTOP,
        peerAddress: '192.168.1.20',
        localAddress: '192.168.1.50',
        mode: { width: 1920, height: 1080, fps: 60 },
        key: new Uint8Array(Buffer.from(KEY, 'hex')),
        keyId: 0xef_bb_85_cc,
        sealedRtsp: true,
        playSoundOnHost: false,
        channels: 2,
        controllers: 1,
        keepControllers: false,
      },
    ]);
  });

  test('reads 5.1, 7.1, HDR, an old client, odd channels', async () => {
    for (const [change, wanted] of [
      [['surroundAudioInfo=196610', 'surroundAudioInfo=4128774'], { channels: 6 }],
      [['surroundAudioInfo=196610', 'surroundAudioInfo=104792072'], { channels: 8 }],
      [['surroundAudioInfo=196610', 'surroundAudioInfo=3'], { channels: 2 }],
      [['corever=1', 'hdrMode=1'], { hdr: true, sealedRtsp: false }],
      [['corever=1', 'corever=0'], { sealedRtsp: false }],
      [['gcmap=1', 'gcmap=15'], { controllers: 15 }],
      [['localAudioPlayMode=0', 'localAudioPlayMode=1'], { playSoundOnHost: true }],
      [['1920x1080x60', '16x8192x0'], { mode: { width: 16, height: 8192, fps: 0 } }],
    ] as const) {
      const rig = nvRig();
      rig.trust(phone);
      await rig.secure(LAUNCH.replace(change[0], change[1]), phone);
      expect(rig.streams.wishes).toMatchObject([wanted]);
    }
  });

  for (const [name, values] of Object.entries({
    rikey: [undefined, '', KEY.slice(2), `${KEY}00`, KEY.replace('8', 'g'), '0'.repeat(32)],
    rikeyid: [undefined, '', '1e3', '4294967296', '-2147483649', '-0', '%201'],
    appid: [undefined, '', '0', '-1', '2147483648', '1e9', 'Desktop'],
    mode: [
      undefined,
      '',
      '0x0x0',
      '1920x1080',
      '99999x99999x1000',
      '-1920x1080x60',
      '15x1080x60',
      '1920x8193x60',
      '1920x1080x241',
      '1920X1080X60',
      '1920x1080x60x',
      '19e2x1080x60',
    ],
    corever: ['-1', '4294967296', 'yes'],
    surroundAudioInfo: ['-2', '99999999999'],
    gcmap: ['0x1'],
    localAudioPlayMode: ['true'],
    hdrMode: ['-0'],
    uuid: ['%00', '%0d%0a', '%', '%ff'],
  })) {
    test(`is refused with 400 for a bad ${name}, and starts nothing`, async () => {
      const rig = nvRig();
      rig.trust(phone);
      for (const value of values) {
        const pattern = new RegExp(`([?&])${name}=[^&]*`);
        const target = pattern.test(LAUNCH)
          ? LAUNCH.replace(pattern, value === undefined ? '$1' : `$1${name}=${value}`)
          : `${LAUNCH}&${name}=${value}`;
        const answer = await rig.secure(target, phone);
        expect([value, answer.status, answer.code]).toEqual([value, 200, '400']);
        expect(elementOf(answer, 'gamesession')).toBe('0');
        expect(answer.text).not.toContain(KEY.slice(2, 30));
      }
      expect(rig.streams.calls).toEqual([]);
    });
  }

  test('passes on a refusal as a sentence with its status', async () => {
    const rig = nvRig();
    rig.trust(phone);
    rig.streams.refusal = new AppError(503, 'no_encoder', 'The encoder <x> cannot start.');
    expect((await rig.secure(LAUNCH, phone)).text).toBe(
      `${DECLARATION}<root status_code="503" status_message="The encoder &lt;x&gt; cannot start.">` +
        '<gamesession>0</gamesession></root>',
    );
    rig.streams.refusal = new Error('something internal');
    const broken = await rig.secure(LAUNCH, phone);
    expect(broken.code).toBe('500');
    expect(broken.text).not.toContain('internal');
    expect(rig.lines.join('')).toContain('something internal');
  });

  test('that takes too long is an error that the client still waits for', async () => {
    const rig = nvRig({ budgets: { startMs: 20, cancelMs: 20 } });
    rig.trust(phone);
    rig.streams.before = new Promise(() => {});
    for (const [path, zero] of [
      [LAUNCH, 'gamesession'],
      [LAUNCH.replace('launch', 'resume'), 'resume'],
      ['/cancel', 'cancel'],
    ] as const) {
      const answer = await rig.secure(path, phone);
      expect([answer.code, elementOf(answer, zero)]).toEqual(['503', '0']);
    }
  });

  test('of a device that is revoked meanwhile is taken back', async () => {
    const rig = nvRig();
    rig.trust(phone);
    let start: (() => void) | undefined;
    rig.streams.before = new Promise((resolve) => {
      start = resolve;
    });
    const answer = rig.secure(LAUNCH, phone);
    rig.clients.revoke(phone.fingerprint);
    start?.();
    expect((await answer).code).toBe('401');
    expect(rig.streams.running).toBeUndefined();
  });

  test('twice at one instant: one wins', async () => {
    const rig = nvRig();
    rig.trust(phone);
    const codes = (await Promise.all([1, 2].map(() => rig.secure(LAUNCH, phone)))).map(
      ({ code }) => code,
    );
    expect(codes.sort()).toEqual(['200', '400']);
  });
});

describe('resume', () => {
  test('needs but a key, as the Python client sends it', async () => {
    const rig = nvRig();
    rig.trust(phone);
    rig.streams.running = DESKTOP;
    const path = `/resume?uniqueid=0&&rikey=${KEY}&rikeyid=5&surroundAudioInfo=196610&&corever=1`;
    expect((await rig.secure(path, phone)).text).toEndWith(
      '<sessionUrl0>rtspenc://192.168.1.50:48010</sessionUrl0><resume>1</resume></root>',
    );
    expect(rig.streams.wishes[0]).toEqual({
      client: { fingerprint: phone.fingerprint, name: 'Deck', mayEnd: false },
      peerAddress: '192.168.1.20',
      localAddress: '192.168.1.50',
      key: new Uint8Array(Buffer.from(KEY, 'hex')),
      keyId: 5,
      sealedRtsp: true,
      channels: 2,
    });
  });

  test('of nothing is 503 with resume 0, and without a key 400', async () => {
    const rig = nvRig();
    rig.trust(phone);
    const idle = await rig.secure(`/resume?rikey=${KEY}&rikeyid=5`, phone);
    expect([idle.code, elementOf(idle, 'resume')]).toEqual(['503', '0']);
    expect((await rig.secure('/resume?rikeyid=5', phone)).code).toBe('400');
    expect((await rig.secure(`/resume?rikey=${KEY}`, phone)).code).toBe('400');
  });
});

describe('cancel', () => {
  test('is answered when serverinfo already reads free', async () => {
    const rig = nvRig();
    rig.trust(phone);
    await rig.secure(LAUNCH, phone);
    expect((await rig.secure('/cancel?uniqueid=0', phone)).text).toEndWith(
      '<root status_code="200"><cancel>1</cancel></root>',
    );
    const info = await rig.secure('/serverinfo', phone);
    expect([elementOf(info, 'currentgame'), elementOf(info, 'state')]).toEqual([
      '0',
      'PUNKTFUNK_SERVER_FREE',
    ]);
    expect((await rig.secure('/cancel', phone)).code).toBe('200');
  });

  test('refused by others who watch is a sentence', async () => {
    const rig = nvRig();
    rig.trust(phone);
    rig.streams.refusal = new AppError(403, 'others_watch', 'Others watch this app.');
    const answer = await rig.secure('/cancel', phone);
    expect([answer.code, elementOf(answer, 'cancel')]).toEqual(['403', '0']);
    expect(answer.text).toContain('Others watch this app.');
  });
});

describe('who may call what', () => {
  const everything = [
    '/serverinfo',
    '/pair?uniqueid=1&clientchallenge=00',
    '/pair?uniqueid=1&phrase=pairchallenge',
    '/unpair?uniqueid=1',
    '/applist',
    `/appasset?appid=${DESKTOP}`,
    LAUNCH,
    `/resume?rikey=${KEY}&rikeyid=1`,
    '/cancel',
    '/api/v1/host',
    '/api/v1/status',
    '/api/v1/clients',
    '/api/v1/clients/pin',
    '/api/v1/pairing',
    '/api/v1/sessions',
    '/api/v1/health',
    '/',
    '/pin',
  ] as const;
  // HTTP status / XML status, in the order above; §3.4.
  const table: Readonly<Record<string, readonly string[]>> = {
    clear: ['200/200', '200/400', '200/400', '200/200', ...Array<string>(14).fill('404/404')],
    paired: [
      '200/200',
      '200/400',
      '200/200',
      '200/200',
      '200/200',
      '200/-',
      '200/200',
      '200/200',
      '200/200',
      '200/-',
      '200/-',
      ...Array<string>(7).fill('404/404'),
    ],
    foreign: [
      '200/401',
      '200/401',
      '200/401',
      '200/200',
      ...Array<string>(5).fill('200/401'),
      '401/-',
      '401/-',
      ...Array<string>(7).fill('404/404'),
    ],
  };

  for (const who of ['clear', 'paired', 'foreign', 'without a certificate'] as const) {
    test(`the table of §3.4: ${who}`, async () => {
      const rig = nvRig();
      rig.trust(phone);
      const seen: string[] = [];
      for (const path of everything) {
        const answer =
          who === 'clear'
            ? await rig.clear(path)
            : await rig.secure(
                path,
                { paired: phone, foreign: stranger, 'without a certificate': undefined }[who],
              );
        seen.push(`${answer.status}/${answer.code ?? '-'}`);
      }
      expect(Object.fromEntries(everything.map((path, i) => [path, seen[i]]))).toEqual(
        Object.fromEntries(
          everything.map((path, i) => [path, (table[who] ?? table['foreign'])?.[i]]),
        ),
      );
      expect(rig.streams.calls).toEqual(
        who === 'paired' ? ['launch Deck', 'resume Deck', 'cancel Deck'] : [],
      );
    });
  }

  test('a certificate told on the clear port is nobody’s', async () => {
    const rig = nvRig();
    rig.trust(phone);
    const answer = await rig.clear('/serverinfo', { fingerprint: phone.fingerprint });
    expect(elementOf(answer, 'PairStatus')).toBe('0');
    expect((await rig.clear('/applist', { fingerprint: phone.fingerprint })).status).toBe(404);
  });

  test('paired devices read the host’s status as JSON; strangers get HTTP 401', async () => {
    const rig = nvRig();
    rig.trust(phone);
    const info = await rig.secure('/api/v1/host', phone);
    expect(JSON.parse(info.text)).toMatchObject({ name: 'living-room', sessions: [] });
    expect(JSON.parse((await rig.secure('/api/v1/status', phone)).text)).toMatchObject({
      state: 'free',
    });
    const refused = await rig.secure('/api/v1/status', stranger);
    expect(JSON.parse(refused.text)).toEqual({
      error: 'The client is not authorized',
      code: 'unauthorized',
    });
    const broken = nvRig({
      status: () => {
        throw new Error('internal matter');
      },
    });
    broken.trust(phone);
    const failed = await broken.secure('/api/v1/status', phone);
    expect([failed.status, failed.text.includes('internal matter')]).toEqual([500, false]);
  });

  test('a device is seen when it asks over TLS, a stranger never', async () => {
    const rig = nvRig();
    rig.trust(phone);
    await rig.secure('/serverinfo', stranger);
    await rig.clear('/serverinfo');
    expect(rig.clients.get(phone.fingerprint)?.lastSeenUnixMs).toBeUndefined();
    await rig.secure('/serverinfo', phone);
    expect(rig.clients.get(phone.fingerprint)?.lastSeenUnixMs).toBe(1_700_001_000_000);
  });
});

test('Sunshine PR#4955: no key of a stream reaches the log, nor a path that somebody made up', async () => {
  const rig = nvRig();
  rig.trust(phone);
  await rig.secure(LAUNCH, phone);
  await rig.secure(LAUNCH.replace('1920x1080x60', 'bad'), phone);
  await rig.secure(`/launch${LAUNCH.slice(8)}`, phone);
  await rig.secure(`/${KEY}`, phone);
  await rig.clear(new PairingClient(phone, '1234').phase3());
  expect(rig.lines.length).toBeGreaterThan(4);
  expect(rig.lines.join('')).not.toMatch(new RegExp(`${KEY}|272923188|rikey|appid`));
});
