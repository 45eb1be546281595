// `stats show`: one recording for people: what each session came to, exact figures a stage, counters, events.
import {
  Capture,
  type CaptureEvent,
  type Negotiated,
  RangeQuantiles,
  type SessionEntry,
  type StatsSample,
} from '../../../contract/stats.ts';
import { AppError } from '../errors.ts';
import { type CliContext, type ExitCode, exitCode, type Flags } from './command.ts';
import type { HostApi } from './host-api.ts';
import { byteText, clockText, columnsOf, jsonText, plain, tableText, wrapped } from './output.ts';
import { countsOf, eventsText } from './stats-events.ts';
import { chosen, listed, type Part, partOf, partQuery } from './stats-range.ts';

/** Sums over the windows of a session; undefined: no window knows it. */
interface Counters {
  readonly packets_lost: number | undefined;
  readonly fec_recovered: number | undefined;
  readonly frames_not_shown: number | undefined;
  readonly send_refused: number | undefined;
}

interface SessionView {
  readonly session_id: number;
  readonly entry: SessionEntry | undefined;
  /** Undefined: the recording has windows and no frames. */
  readonly figures: RangeQuantiles | undefined;
  readonly counters: Counters;
}

export async function showRecording(
  flags: Flags,
  context: CliContext,
  word: string,
): Promise<ExitCode> {
  const part = partOf(flags);
  const recording = await chosen(flags, context, word);
  const { host, path } = recording;
  const meta = await listed(recording);
  const file = await host.ask<Capture>('GET', path, Capture, { withinMs: LOAD_MS });
  const capture = { ...file, meta: { ...file.meta, ...meta } };
  const ids = sessionsOf(capture).filter((id) => part.session === undefined || part.session === id);
  if (ids.length === 0 && part.session !== undefined) {
    throw new AppError(404, 'session_not_found', `It has no session ${part.session}.`);
  }
  const views: SessionView[] = [];
  for (const id of ids) views.push(await viewOf(host, path, capture, { ...part, session: id }, id));
  const events = (capture.events ?? []).filter((event) => isIn(part, event));
  const markers = events.filter(({ kind }) => kind === 'marker');
  if (flags['json'] === true) {
    const { samples: _, events: __, sessions: ___, ...head } = capture;
    const counts = countsOf(events);
    context.out(jsonText({ ...head, sessions: views, events: counts, markers, timeline: events }));
    return exitCode.ok;
  }
  const width = columnsOf(context);
  context.out(`${headText(capture, part, width)}\n`);
  for (const view of views) context.out(`\n${sessionText(view, context)}`);
  context.out(`\n${eventsText(events, width)}`);
  return exitCode.ok;
}

async function viewOf(
  host: HostApi,
  path: string,
  capture: Capture,
  part: Part,
  id: number,
): Promise<SessionView> {
  const samples = capture.samples.filter(
    (sample) =>
      sample.session_id === id &&
      sample.t_ms > (part.fromMs ?? -1) &&
      sample.t_ms <= (part.toMs ?? Number.POSITIVE_INFINITY),
  );
  const sum = (name: keyof StatsSample): number | undefined => {
    const known = samples.flatMap((sample) => {
      const value = sample[name];
      return typeof value === 'number' ? [value] : [];
    });
    return known.length === 0 ? undefined : known.reduce((total, value) => total + value, 0);
  };
  return {
    session_id: id,
    entry: capture.sessions?.find(({ session_id }) => session_id === id),
    figures: await figuresOf(host, path, part),
    counters: {
      packets_lost: sum('packets_dropped'),
      fec_recovered: sum('fec_recovered'),
      frames_not_shown: sum('frames_not_shown'),
      send_refused: sum('send_dropped'),
    },
  };
}

async function figuresOf(
  host: HostApi,
  path: string,
  part: Part,
): Promise<RangeQuantiles | undefined> {
  const query = partQuery(part, { percents: PERCENTS.join(',') });
  try {
    return await host.ask<RangeQuantiles>('GET', `${path}/quantiles${query}`, RangeQuantiles, {
      withinMs: LOAD_MS,
    });
  } catch (error) {
    if (error instanceof AppError && error.code === 'no_frames') return undefined;
    throw error;
  }
}

/** Sessions of the header, and those that files of the seed have in their samples alone. */
function sessionsOf({ sessions = [], samples }: Capture): readonly number[] {
  const ids = new Set([...sessions, ...samples].map(({ session_id }) => session_id));
  return [...ids].sort((left, right) => left - right);
}

function isIn({ session, fromMs = 0, toMs }: Part, event: CaptureEvent): boolean {
  return (
    event.t_ms >= fromMs &&
    event.t_ms < (toMs ?? Number.POSITIVE_INFINITY) &&
    (session === undefined || event.session_id === undefined || event.session_id === session)
  );
}

function headText(capture: Capture, { fromMs, toMs }: Part, width: number): string {
  const { meta, host, recorder } = capture;
  const started = new Date(meta.started_unix_ms).toISOString();
  const end = toMs === undefined ? 'the end' : clockText(toMs);
  const notes = [
    ...(meta.recovered === true ? ['finished by the next start after a bad end'] : []),
    ...(meta.trigger === undefined ? [] : [`saved out of the black box: ${meta.trigger}`]),
    ...(capture.pre_roll_ms === undefined
      ? []
      : [`begins ${clockText(capture.pre_roll_ms)} before somebody pressed Start`]),
    ...(capture.truncated === true ? ['its end is missing: a session reached its bound'] : []),
    ...(capture.records_lost === undefined ? [] : [`${capture.records_lost} frame records lost`]),
    ...(recorder === undefined || recorder.shed_frames === 0
      ? []
      : [`${recorder.shed_frames} frames could not be kept`]),
    ...(meta.note === undefined ? [] : meta.note.split('\n')),
    ...(fromMs === undefined && toMs === undefined
      ? []
      : [`figures and events from ${clockText(fromMs ?? 0)} to ${end} alone`]),
  ];
  const tags = (meta.tags ?? []).map((tag) => ` #${tag}`).join('');
  const title = `${meta.starred === true ? '  ★' : ''}${meta.name === undefined ? '' : `  ${meta.name}`}${tags}`;
  const machine = host === undefined ? [] : [host.version, host.os, host.kernel, host.cpu];
  return [
    `${meta.id}${title}`,
    `${started.slice(0, 10)} ${started.slice(11, 19)} UTC, ${clockText(meta.duration_ms)} long`,
    ...(machine.length === 0
      ? []
      : [`host ${machine.filter((fact) => fact !== undefined).join(', ')}`]),
    ...notes,
  ]
    .map((line) => wrapped(plain(line), width, '  '))
    .join('\n');
}

function sessionText({ session_id, entry, figures, counters }: SessionView, context: CliContext) {
  const title =
    entry === undefined
      ? [`Session ${session_id}`]
      : [
          `Session ${session_id}: ${entry.kind} ${entry.width}x${entry.height}@${entry.fps} ${entry.codec}`,
          entry.client,
          entry.app,
          entry.bitrate_kbps === undefined ? undefined : `${entry.bitrate_kbps} kb/s`,
        ].filter((fact) => fact !== undefined && fact !== '');
  const facts = [title.join(', '), ...(entry === undefined ? [] : cameToText(entry))];
  const lines = facts.map((line) => wrapped(plain(line), columnsOf(context), '    '));
  if (figures === undefined)
    lines.push('  no frames were kept: figures of single frames are not known');
  else {
    const { count, repeated, dropped, key_frames, bytes, skipped, late } = figures;
    lines.push(
      `  frames ${count}: ${figures.new} new, ${repeated} repeated, ${dropped} dropped, ${key_frames} key, ${byteText(bytes)}`,
      `  source: ${dashed(skipped)} skipped, ${dashed(late)} late`,
    );
  }
  const { packets_lost, fec_recovered, frames_not_shown, send_refused } = counters;
  lines.push(
    `  packets: ${dashed(packets_lost)} lost on the way, ${dashed(send_refused)} refused by the socket`,
    `  client: ${dashed(fec_recovered)} rebuilt, ${dashed(frames_not_shown)} frames not shown`,
  );
  return `${lines.join('\n')}\n${figures === undefined ? '' : stagesText(figures, context)}`;
}

/** What was negotiated and why, a line a matter. */
function cameToText(entry: SessionEntry): readonly string[] {
  const { negotiated = {} } = entry;
  const end = entry.ended_t_ms === undefined ? 'the end' : clockText(entry.ended_t_ms);
  const why = entry.end_reason === undefined ? '' : ` (${entry.end_reason})`;
  const encryption = negotiated.encryption;
  const sealed = (['control', 'video', 'audio'] as const).filter((name) => encryption?.[name]);
  const picture = negotiated.picture;
  return [
    `from ${clockText(entry.started_t_ms)} to ${end}${why}`,
    `source ${entry.source}${refusedText(negotiated.source_refused)}`,
    `encoder ${entry.encoder}${negotiated.encoder_detail === undefined ? '' : `, ${negotiated.encoder_detail}`}${refusedText(negotiated.encoder_refused)}`,
    ...(picture === undefined ? [] : [pictureText(picture)]),
    ...(negotiated.colour === undefined ? [] : [`colour ${negotiated.colour}`]),
    ...(encryption === undefined
      ? []
      : [
          `encrypted: ${sealed.join(', ') || 'nothing'}${encryption.why === undefined ? '' : ` (${encryption.why})`}`,
        ]),
    ...(negotiated.audio === undefined
      ? []
      : [`sound ${negotiated.audio.channels} channels, ${negotiated.audio.packet_ms} ms a packet`]),
    ...packetText(negotiated),
  ].map((line) => `  ${line}`);
}

function pictureText(picture: NonNullable<Negotiated['picture']>): string {
  const { source_width, source_height, width, height, x, y } = picture;
  const source = `picture ${source_width}x${source_height}`;
  if (source_width === width && source_height === height) return `${source}, not scaled`;
  return `${source}, scaled to ${width}x${height} at ${x},${y}`;
}

function packetText(negotiated: Negotiated): readonly string[] {
  const { packet_size, fec_pct, slices, link_mbps, can_invalidate } = negotiated;
  const facts = [
    packet_size === undefined ? undefined : `${packet_size} bytes`,
    fec_pct === undefined ? undefined : `${fec_pct} % parity`,
    slices === undefined ? undefined : `${slices} ${slices === 1 ? 'slice' : 'slices'} a frame`,
    link_mbps === undefined ? undefined : `paced for ${link_mbps} Mb/s`,
    can_invalidate === undefined
      ? undefined
      : `${can_invalidate ? 'can' : 'cannot'} give up lost frames`,
  ].filter((fact) => fact !== undefined);
  return facts.length === 0 ? [] : [`packets: ${facts.join(', ')}`];
}

function refusedText(refused: Negotiated['source_refused']): string {
  if (refused === undefined || refused.length === 0) return '';
  return `; refused: ${refused.map(({ name, reason }) => `${name} (${reason})`).join(', ')}`;
}

function stagesText(figures: RangeQuantiles, context: CliContext): string {
  const rows = nested(figures.stages).map(({ indent, stage }) => [
    `${indent}${stage.name}`,
    String(stage.count),
    ...PERCENTS.map((percent) =>
      stage.count === 0 ? '–' : dashed(stage.quantiles_us[`p${percent}`]),
    ),
    stage.count === 0 ? '–' : String(stage.max_us),
  ]);
  const heading = ['  STAGE, µs', 'FRAMES', ...PERCENTS.map((percent) => `P${percent}`), 'MAX'];
  return tableText(context, heading, rows, '  no frame lies in this range');
}

type Stage = RangeQuantiles['stages'][number];

/** The finer spans, which come after `other`, below the stage that they are part of. */
function nested(stages: readonly Stage[]): readonly { readonly indent: string; stage: Stage }[] {
  const end = stages.findIndex(({ name }) => name === 'other') + 1;
  const [coarse, fine] = end === 0 ? [stages, []] : [stages.slice(0, end), stages.slice(end)];
  const placed = coarse.flatMap((stage) => [
    { indent: '  ', stage },
    ...fine
      .filter(({ name }) => SPANS[stage.name]?.includes(name) === true)
      .map((span) => ({ indent: '    ', stage: span })),
  ]);
  const known = new Set(placed.map(({ stage }) => stage));
  const rest = fine.filter((span) => !known.has(span)).map((stage) => ({ indent: '  ', stage }));
  return [...placed, ...rest];
}

function dashed(value: number | undefined): string {
  return value === undefined ? '–' : String(value);
}

/** docs/recording-format.md, "Stages"; `submit` is a stage of its own on the native path, and then listed as one. */
const SPANS: Readonly<Record<string, readonly string[]>> = {
  capture: ['convert'],
  encode: ['submit', 'wait'],
  send: ['queue', 'first_send', 'pace'],
};
const PERCENTS = [50, 90, 99, 99.9] as const;
/** A recording of hours is read, and its figures are counted, at the first question. */
const LOAD_MS = 60_000;
