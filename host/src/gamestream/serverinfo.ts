// /serverinfo and /applist: what a client may know before and after it is paired (gamestream-control-plane.md §1, §3.5,
// §3.6). The version strings decide which protocol the client speaks and must be exactly these.
import type { App } from '../apps/apps.ts';
import type { AppState } from '../sessions/stream-control.ts';
import { localIpv4, macOf, NO_MAC } from './addresses.ts';
import type { HttpRequest } from './server.ts';
import { document, element, escaped, parent } from './xml.ts';

/** What the encoders of this host can do now. */
export interface CodecSupport {
  /** `ServerCodecModeSupport`: 1 = H.264, and never without it. */
  readonly modes: number;
}

export interface ServerFacts {
  readonly hostName: string;
  readonly uniqueId: string;
  readonly ports: { readonly http: number; readonly https: number };
  readonly codecs: CodecSupport;
}

/** Of the asker: `paired` only over TLS with a trusted certificate. */
export function serverInfo(
  facts: ServerFacts,
  request: HttpRequest,
  paired: boolean,
  { busy, appId }: AppState,
): Uint8Array {
  const name = escaped(facts.hostName).trim() === '' ? NAMELESS : facts.hostName;
  return document(200, [
    element('hostname', name),
    element('appversion', APP_VERSION),
    element('GfeVersion', GFE_VERSION),
    element('uniqueid', facts.uniqueId),
    element('HttpsPort', facts.ports.https),
    element('ExternalPort', facts.ports.http),
    element('MaxLumaPixelsHEVC', (facts.codecs.modes & HEVC_MODES) === 0 ? 0 : MAX_LUMA_PIXELS),
    element('mac', paired ? macOf(request.localAddress) : NO_MAC),
    element('LocalIP', localIpv4(request.localAddress)),
    element('ServerCodecModeSupport', facts.codecs.modes | H264_MODE),
    element('PairStatus', paired ? 1 : 0),
    element('currentgame', appId),
    element('state', busy ? 'PUNKTFUNK_SERVER_BUSY' : 'PUNKTFUNK_SERVER_FREE'),
  ]);
}

export function appList(apps: readonly App[], { modes }: CodecSupport): Uint8Array {
  const hdr = (modes & TEN_BIT_MODES) === 0 ? 0 : 1;
  return document(
    200,
    apps.map(({ id, title }) =>
      parent('App', [
        element('IsHdrSupported', hdr),
        element('AppTitle', title),
        element('ID', id),
      ]),
    ),
  );
}

/** Major 7: SHA-256 pairing; 431: encrypted control; negative: the extensions that Sunshine introduced. */
const APP_VERSION = '7.1.431.-1';
/** Older or empty caps clients at 1080p; newer than they know makes Qt refuse. */
const GFE_VERSION = '3.23.0.74';
const NAMELESS = 'punktfunk';
const MAX_LUMA_PIXELS = 1_869_449_984;
const H264_MODE = 0x1;
const HEVC_MODES = 0x300 | 0x80000 | 0x100000;
const TEN_BIT_MODES = 0x200 | 0x20000 | 0x100000 | 0x400000;
