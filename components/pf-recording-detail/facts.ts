// What a recording tells about itself: the line under its name, and what was negotiated and why. What nobody knows is a
// dash, never a guess. Plain text, no DOM.
import type { HostFacts, Negotiated, RecorderFigures, SessionEntry } from '../../contract/stats.ts';
import { codecName, DASH, type Format, kindName, mode } from '../base/format.ts';
import { lengthOf } from '../base/format-dates.ts';
import { removedFields, removedText } from '../base/removed.ts';
import { triggers } from '../pf-black-box/strings.ts';
import { factWords } from './fact-strings.ts';
import { words } from './strings.ts';
import { entryOf, type View } from './view.ts';

export interface Fact {
  readonly name: string;
  readonly text: string;
}

export interface FactGroup {
  readonly title: string;
  readonly facts: readonly Fact[];
}

/** The line under the name. */
export function headFacts(view: View, f: Format): string[] {
  const t = words[f.language];
  const { meta, host } = view.capture;
  const own = entryOf(view);
  const size = own ?? meta;
  const facts = [
    lengthOf(f, meta.duration_ms),
    own?.client ?? meta.client,
    kindName(own?.kind ?? meta.kind),
    mode(f, size.width, size.height, size.fps),
    [codecName(own?.codec ?? meta.codec), own?.encoder].filter(isSaid).join(' · '),
    own?.source ?? '',
    t.samples(f.count(view.samples.length), view.samples.length === 1),
    host === undefined ? '' : `punktfunk-host ${host.version}`,
    removedFields(meta, f.language) ?? '',
  ];
  return facts.filter((x) => isSaid(x) && x !== DASH);
}

/** What the session came to, why, and on which machine. */
export function factGroups(view: View, f: Format): readonly FactGroup[] {
  const t = factWords[f.language];
  const { host, recorder } = view.capture;
  return [
    { title: t.session, facts: sessionFacts(view, f) },
    { title: t.negotiated, facts: negotiatedFacts(entryOf(view), f) },
    { title: t.host, facts: hostFacts(host, f) },
    { title: t.recorder, facts: recorderFacts(view, recorder, f) },
  ];
}

function sessionFacts(view: View, f: Format): Fact[] {
  const t = factWords[f.language];
  const own = entryOf(view);
  const { negotiated } = own ?? {};
  const size = own ?? view.capture.meta;
  const kbps = own?.bitrate_kbps;
  const gone = (field: string): string | undefined => removedText(own, field, f.language);
  const ended = own?.ended_t_ms === undefined ? '' : f.clock(own.ended_t_ms);
  return [
    fact(t.client, own?.client ?? view.capture.meta.client),
    fact(t.app, own?.app ?? gone('app')),
    fact(t.protocol, kindName(own?.kind ?? view.capture.meta.kind)),
    fact(t.mode, mode(f, size.width, size.height, size.fps)),
    fact(t.codec, codecName(own?.codec ?? view.capture.meta.codec)),
    fact(t.bitrate, kbps === undefined ? undefined : f.unit(f.tenth(kbps / 1000), 'Mb/s')),
    fact(t.source, own?.source),
    fact(t.sourceRefused, refusals(negotiated?.source_refused, gone('source_refused'), f)),
    fact(
      t.encoder,
      [own?.encoder, negotiated?.encoder_detail ?? gone('encoder_detail')]
        .filter(isSaid)
        .join(' · '),
    ),
    fact(t.encoderRefused, refusals(negotiated?.encoder_refused, gone('encoder_refused'), f)),
    fact(t.began, own === undefined ? undefined : f.clock(own.started_t_ms)),
    fact(t.ended, [ended, own?.end_reason ?? gone('end_reason')].filter(isSaid).join(' · ')),
  ];
}

function negotiatedFacts(own: SessionEntry | undefined, f: Format): Fact[] {
  const t = factWords[f.language];
  const n = own?.negotiated;
  const count = (value: number | undefined): string | undefined =>
    value === undefined ? undefined : f.count(value);
  return [
    fact(t.picture, pictureText(n?.picture, f)),
    fact(t.colour, n?.colour),
    fact(
      t.encryption,
      encryptionText(n?.encryption, removedText(own, 'encryption', f.language), f),
    ),
    fact(
      t.audio,
      n?.audio === undefined ? undefined : t.channels(n.audio.channels, n.audio.packet_ms),
    ),
    fact(t.packetSize, n?.packet_size === undefined ? undefined : t.bytes(f.count(n.packet_size))),
    fact(t.fec, n?.fec_pct === undefined ? undefined : t.percent(f.count(n.fec_pct))),
    fact(t.slices, count(n?.slices)),
    fact(t.link, n?.link_mbps === undefined ? undefined : f.unit(f.count(n.link_mbps), 'Mb/s')),
    fact(t.invalidation, n?.can_invalidate === undefined ? undefined : t.yesNo(n.can_invalidate)),
  ];
}

function hostFacts(host: HostFacts | undefined, f: Format): Fact[] {
  const t = factWords[f.language];
  const cpus = host?.cpus === undefined ? '' : t.cores(f.count(host.cpus), host.cpus === 1);
  const memory = host?.memory_mb;
  const gone = (field: string): string | undefined => removedText(host, field, f.language);
  return [
    fact(t.version, host === undefined ? undefined : `punktfunk-host ${host.version}`),
    fact(t.os, host?.os ?? gone('os')),
    fact(t.kernel, host?.kernel ?? gone('kernel')),
    fact(t.cpu, gone('cpu') ?? gone('cpus') ?? [host?.cpu, cpus].filter(isSaid).join(' · ')),
    fact(
      t.memory,
      memory === undefined ? gone('memory_mb') : f.unit(f.tenth(memory / 1024), 'GiB'),
    ),
  ];
}

function recorderFacts(view: View, recorder: RecorderFigures | undefined, f: Format): Fact[] {
  const t = factWords[f.language];
  const { meta, pre_roll_ms, records_lost } = view.capture;
  const ns = recorder?.ns_per_frame;
  return [
    fact(t.trigger, triggerText(meta.trigger, f)),
    fact(t.preRoll, pre_roll_ms === undefined ? undefined : lengthOf(f, pre_roll_ms)),
    fact(t.frames, meta.frame_count === undefined ? undefined : f.count(meta.frame_count)),
    fact(t.windows, f.count(meta.sample_count)),
    fact(t.lost, records_lost === undefined ? undefined : f.count(records_lost)),
    fact(t.cost, ns === undefined ? undefined : f.unit(f.ms(ns / 1000), 'µs')),
    fact(
      t.longestWrite,
      recorder === undefined ? undefined : f.unit(f.ms(recorder.write_max_ms), 'ms'),
    ),
  ];
}

/** Why there is a recording at all; a reason that this version does not know as the host wrote it. */
function triggerText(trigger: string | undefined, { language }: Format): string {
  if (trigger === undefined) return factWords[language].byHand;
  return triggers[language][trigger] ?? trigger;
}

/** "nvenc: no device; vaapi: the driver has no HEVC". */
function refusals(
  list: Negotiated['encoder_refused'],
  removed: string | undefined,
  f: Format,
): string | undefined {
  if (list === undefined) return undefined;
  if (list.length === 0) return factWords[f.language].none;
  const why = (reason: string): string => (reason === '' ? (removed ?? '') : reason);
  return list.map(({ name, reason }) => [name, why(reason)].filter(isSaid).join(': ')).join('; ');
}

/** Where the source lies in the mode: scaled, with bars, or as it is. */
function pictureText(picture: Negotiated['picture'], f: Format): string | undefined {
  if (picture === undefined) return undefined;
  const t = factWords[f.language];
  const { x, y, width, height, source_width, source_height } = picture;
  const from = size(source_width, source_height);
  const isScaled = source_width !== width || source_height !== height;
  const scaled = isScaled ? t.scaled(from, size(width, height)) : t.unscaled(from);
  return x === 0 && y === 0 ? scaled : `${scaled} · ${t.bars(f.count(x), f.count(y))}`;
}

function encryptionText(
  one: Negotiated['encryption'],
  removed: string | undefined,
  f: Format,
): string | undefined {
  if (one === undefined) return undefined;
  const t = factWords[f.language];
  const parts = (['control', 'video', 'audio'] as const).filter((name) => one[name]);
  const said = parts.length === 0 ? t.none : parts.map((name) => t[`${name}Part`]).join(', ');
  return [said, one.why ?? removed].filter(isSaid).join(' · ');
}

const size = (width: number, height: number): string => `${width}\u00a0×\u00a0${height}`;

const isSaid = (text: string | undefined): text is string => text !== undefined && text !== '';

function fact(name: string, text: string | undefined): Fact {
  return { name, text: isSaid(text) ? text : DASH };
}
