// What a recording says of one session: what it was, what was negotiated and why; and what recording it cost. Checked by
// hand, like parse.ts; what is not as it should be becomes absent.
import type { Negotiated, RecorderFigures, SessionEntry } from '../../contract/stats.ts';
import { asFields, type Fields, number, oneOf, redactedOf, some, text, whole } from './fields.ts';

export function parseSession(value: unknown): readonly SessionEntry[] {
  const f = asFields(value);
  if (f === undefined || number(f['session_id']) === undefined) return [];
  const negotiated = asFields(f['negotiated']);
  return [
    {
      session_id: whole(f['session_id']),
      kind: oneOf(f['kind'], ['native', 'gamestream'], 'gamestream'),
      width: whole(f['width']),
      height: whole(f['height']),
      fps: whole(f['fps']),
      codec: oneOf(f['codec'], ['h264', 'hevc', 'av1'], 'h264'),
      client: text(f['client']),
      source: text(f['source']),
      encoder: text(f['encoder']),
      started_t_ms: whole(f['started_t_ms']),
      ...some('bitrate_kbps', number(f['bitrate_kbps'])),
      ...some('ended_t_ms', number(f['ended_t_ms'])),
      ...said('app', f['app']),
      ...said('end_reason', f['end_reason']),
      ...redactedOf(f),
      ...(negotiated === undefined ? {} : { negotiated: parseNegotiated(negotiated) }),
    },
  ];
}

function parseNegotiated(f: Fields): Negotiated {
  const picture = asFields(f['picture']);
  const encryption = asFields(f['encryption']);
  const audio = asFields(f['audio']);
  const source = refusals(f['source_refused']);
  const encoder = refusals(f['encoder_refused']);
  const invalidates = f['can_invalidate'];
  return {
    ...(source === undefined ? {} : { source_refused: source }),
    ...(encoder === undefined ? {} : { encoder_refused: encoder }),
    ...said('encoder_detail', f['encoder_detail']),
    ...said('colour', f['colour']),
    ...(picture === undefined
      ? {}
      : {
          picture: {
            x: whole(picture['x']),
            y: whole(picture['y']),
            width: whole(picture['width']),
            height: whole(picture['height']),
            source_width: whole(picture['source_width']),
            source_height: whole(picture['source_height']),
          },
        }),
    ...(encryption === undefined
      ? {}
      : {
          encryption: {
            control: encryption['control'] === true,
            video: encryption['video'] === true,
            audio: encryption['audio'] === true,
            ...said('why', encryption['why']),
          },
        }),
    ...(audio === undefined
      ? {}
      : { audio: { channels: whole(audio['channels']), packet_ms: whole(audio['packet_ms']) } }),
    ...some('packet_size', number(f['packet_size'])),
    ...some('fec_pct', number(f['fec_pct'])),
    ...some('slices', number(f['slices'])),
    ...some('link_mbps', number(f['link_mbps'])),
    ...(typeof invalidates === 'boolean' ? { can_invalidate: invalidates } : {}),
  };
}

function refusals(value: unknown): Negotiated['encoder_refused'] {
  if (!Array.isArray(value)) return undefined;
  return value.flatMap((one) => {
    const f = asFields(one);
    return f === undefined ? [] : [{ name: text(f['name']), reason: text(f['reason']) }];
  });
}

export function parseRecorderFigures(value: unknown): RecorderFigures | undefined {
  const f = asFields(value);
  if (f === undefined) return undefined;
  return {
    frames: whole(f['frames']),
    bytes_written: whole(f['bytes_written']),
    write_ms: whole(f['write_ms']),
    write_max_ms: whole(f['write_max_ms']),
    shed_frames: whole(f['shed_frames']),
    ...some('ns_per_frame', number(f['ns_per_frame'])),
  };
}

function said<K extends string>(key: K, value: unknown): { [P in K]?: string } {
  const out: { [P in K]?: string } = {};
  if (typeof value === 'string' && value !== '') out[key] = value;
  return out;
}
