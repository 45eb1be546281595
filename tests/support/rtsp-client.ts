// A stock client's side of RTSP, as far as tests need it: its announcement (gamestream-control-plane.md §5.6), and its way
// of asking: one connection a request, read to the end.
import { connect } from 'node:net';
import { openSealed, sealText } from '../../host/src/gamestream/rtsp-seal.ts';

/** 1280×720@60, 10 000 kb/s, H.264, stereo, all encryption. */
export const STOCK_ATTRIBUTES: Readonly<Record<string, string>> = {
  'x-ml-general.featureFlags': '3',
  'x-ss-general.encryptionEnabled': '7',
  'x-ss-video[0].chromaSamplingType': '0',
  'x-nv-video[0].clientViewportWd': '1280',
  'x-nv-video[0].clientViewportHt': '720',
  'x-nv-video[0].maxFPS': '60',
  'x-nv-video[0].packetSize': '1360',
  'x-nv-video[0].rateControlMode': '4',
  'x-nv-video[0].timeoutLengthMs': '7000',
  'x-nv-video[0].framesWithInvalidRefThreshold': '0',
  'x-nv-video[0].initialBitrateKbps': '8000',
  'x-nv-video[0].initialPeakBitrateKbps': '8000',
  'x-nv-vqos[0].bw.minimumBitrateKbps': '8000',
  'x-nv-vqos[0].bw.maximumBitrateKbps': '8000',
  'x-ml-video.configuredBitrateKbps': '10000',
  'x-nv-vqos[0].fec.enable': '1',
  'x-nv-vqos[0].videoQualityScoreUpdateTime': '5000',
  'x-nv-vqos[0].qosTrafficType': '5',
  'x-nv-aqos.qosTrafficType': '4',
  'x-nv-general.featureFlags': '167',
  'x-nv-general.useReliableUdp': '13',
  'x-nv-vqos[0].fec.minRequiredFecPackets': '2',
  'x-nv-vqos[0].bllFec.enable': '0',
  'x-nv-vqos[0].drc.enable': '0',
  'x-nv-general.enableRecoveryMode': '0',
  'x-nv-video[0].videoEncoderSlicesPerFrame': '1',
  'x-nv-clientSupportHevc': '0',
  'x-nv-vqos[0].bitStreamFormat': '0',
  'x-nv-video[0].dynamicRangeMode': '0',
  'x-nv-video[0].maxNumReferenceFrames': '1',
  'x-nv-video[0].clientRefreshRateX100': '0',
  'x-nv-audio.surround.numChannels': '2',
  'x-nv-audio.surround.channelMask': '3',
  'x-nv-audio.surround.enable': '0',
  'x-nv-audio.surround.AudioQuality': '0',
  'x-nv-aqos.packetDuration': '5',
  'x-nv-video[0].encoderCscMode': '0',
};

/** The body of ANNOUNCE, with attributes changed, added or, by undefined, left out. */
export function announcement(changes: Readonly<Record<string, string | undefined>> = {}): string {
  const lines = Object.entries({ ...STOCK_ATTRIBUTES, ...changes })
    .filter(([, value]) => value !== undefined)
    // The blank before the line's end is the client's.
    .map(([name, value]) => `a=${name}:${value} \r\n`);
  return [
    'v=0\r\no=android 0 14 IN IPv4 127.0.0.1\r\ns=NVIDIA Streaming Client\r\n',
    ...lines,
    't=0 0\r\nm=video 57998  \r\n',
  ].join('');
}

export interface ParsedAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Sends bytes on one connection and reads until the host closes; what came back, empty when it said nothing. */
export function exchange(
  port: number,
  data: Uint8Array,
  host = '127.0.0.1',
  /** Ends the own half at once, as some clients and all impatient tests do. */
  thenEnd = false,
): Promise<Buffer> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const socket = connect({ port, host, allowHalfOpen: thenEnd }, () => {
      if (thenEnd) socket.end(data);
      else socket.write(data);
    });
    socket.on('data', (chunk) => chunks.push(Buffer.from(chunk)));
    socket.on('error', () => socket.destroy());
    socket.on('end', () => socket.end());
    socket.on('close', () => resolve(Buffer.concat(chunks)));
  });
}

/** An answer as moonlight-common-c reads it. */
export function parseAnswer(data: Uint8Array): ParsedAnswer {
  const text = Buffer.from(data).toString('latin1');
  const [head = '', ...rest] = text.split('\r\n\r\n');
  const [first = '', ...lines] = head.split('\r\n');
  const status = Number(/^RTSP\/1\.0 (\d+) .+$/.exec(first)?.[1] ?? '0');
  const headers = lines.map((line) => {
    const colon = line.indexOf(':');
    // One character after the colon is dropped unseen.
    return [line.slice(0, colon), line.slice(colon + 2)];
  });
  return { status, headers: Object.fromEntries(headers), body: rest.join('\r\n\r\n') };
}

/** The handshake of one stream. */
export class RtspClient {
  readonly #port: number;
  readonly #key: Uint8Array | undefined;
  readonly #host: string;
  #cseq = 0;
  /** A client's counter lives as long as its process. */
  #sequence: number;
  session: string | undefined;

  constructor(options: {
    readonly port: number;
    /** Sealed with it. */
    readonly key?: Uint8Array;
    readonly host?: string;
    readonly firstSequence?: number;
  }) {
    this.#port = options.port;
    this.#key = options.key;
    this.#host = options.host ?? '127.0.0.1';
    this.#sequence = options.firstSequence ?? 1;
  }

  /** The next request as it goes over the wire. */
  message(line: string, headers: readonly string[] = [], body = ''): Uint8Array {
    this.#cseq += 1;
    const text = [
      `${line} RTSP/1.0`,
      `CSeq: ${this.#cseq}`,
      'X-GS-ClientVersion: 14',
      'Host: 0.0.0.0',
      ...(this.session === undefined ? [] : [`Session: ${this.session}`]),
      ...headers,
      '',
      body,
    ].join('\r\n');
    if (this.#key === undefined) return Buffer.from(text, 'latin1');
    const sealed = sealText(this.#key, 'client', this.#sequence, Buffer.from(text, 'latin1'));
    this.#sequence += 1;
    return sealed;
  }

  /** Undefined when the host says nothing. */
  async send(message: Uint8Array): Promise<ParsedAnswer | undefined> {
    const data = await exchange(this.#port, message, this.#host);
    if (data.length === 0) return undefined;
    if (this.#key === undefined) return parseAnswer(data);
    const text = openSealed(this.#key, 'host', data);
    if (text === undefined) throw new Error('the host’s answer does not open');
    return parseAnswer(text);
  }

  ask(line: string, headers?: readonly string[], body?: string): Promise<ParsedAnswer | undefined> {
    return this.send(this.message(line, headers, body));
  }

  setUp(kind: string): Promise<ParsedAnswer | undefined> {
    return this.ask(`SETUP streamid=${kind}`, [
      'Transport: unicast;X-GS-ClientPort=50000-50001',
      'If-Modified-Since: Thu, 01 Jan 1970 00:00:00 GMT',
    ]);
  }

  announce(body = announcement()): Promise<ParsedAnswer | undefined> {
    return this.ask(
      'ANNOUNCE streamid=control/13/0',
      ['Content-type: application/sdp', `Content-length: ${body.length}`],
      body,
    );
  }

  /** All seven; answers their statuses, up to the first that failed. */
  async handshake(body?: string): Promise<(number | undefined)[]> {
    const statuses: (number | undefined)[] = [];
    const steps = [
      () => this.ask('OPTIONS rtsp://127.0.0.1'),
      () => this.ask('DESCRIBE rtsp://127.0.0.1', ['Accept: application/sdp']),
      async () => {
        const answer = await this.setUp('audio/0/0');
        this.session = answer?.headers['Session']?.split(';')[0];
        return answer;
      },
      () => this.setUp('video/0/0'),
      () => this.setUp('control/13/0'),
      () => this.announce(body),
      () => this.ask('PLAY /'),
    ];
    for (const step of steps) {
      const answer = await step();
      statuses.push(answer?.status);
      if (answer?.status !== 200) break;
    }
    return statuses;
  }
}
