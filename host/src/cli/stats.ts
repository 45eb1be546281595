// `stats`: recordings of the running host: arm and stop, mark, take in, and what the black box holds. What lists, shows,
// exports and changes recordings has files of its own.
import { readFileSync } from 'node:fs';
import { CaptureEvent, CaptureMeta, StatsStatus } from '../../../contract/stats.ts';
import { AppError, reasonOf } from '../errors.ts';
import {
  type CliContext,
  type Command,
  type ExitCode,
  exitCode,
  type Flags,
  numberFlag,
  textFlag,
  UsageError,
} from './command.ts';
import { HOST_OPTIONS, hostApi } from './host-api.ts';
import { clockText, jsonText, plain } from './output.ts';
import { deleteRecording, editRecording, LONGEST_NAME, restoreRecording } from './stats-change.ts';
import { listRecordings, listTrash, streamKinds } from './stats-list.ts';
import { exportFormats } from './stats-range.ts';

const COUNT = ['limit', 'all', 'quiet'];
const LISTING = [...COUNT, 'tag', 'text', 'starred', 'kind', 'since', 'until'];
const RANGE = ['session', 'from', 'to'];
const ID = { complete: { ID: 'recording' } } as const;

export const stats: Command = {
  name: 'stats',
  summary: 'record, list, show and export what streams did',
  forms: [
    { words: '', doc: 'The same as list.', options: LISTING },
    { words: 'list', doc: 'List recordings, newest first.', options: LISTING },
    {
      words: 'show ID',
      doc: 'Sessions, figures and events; an ID may be latest.',
      options: RANGE,
      ...ID,
    },
    { words: 'start', doc: 'Record from now on.', options: ['pre-roll', 'name'] },
    { words: 'stop', doc: 'Stop, and save.' },
    { words: 'status', doc: 'Whether it records, and what the black box holds.' },
    { words: 'mark TEXT', doc: 'Put a marker at this moment.' },
    { words: 'save', doc: 'Save what the black box holds of the last minutes.' },
    {
      words: 'export ID',
      doc: 'Write a recording to a file.',
      options: ['format', 'output', 'force', ...RANGE],
      ...ID,
    },
    {
      words: 'import FILE',
      doc: 'Take in a recording of elsewhere, JSON or gzip; - reads stdin.',
      complete: { FILE: 'file' },
    },
    {
      words: 'edit ID',
      doc: 'Name it, tag it, keep it for good.',
      options: ['name', 'note', 'tag', 'untag', 'star', 'unstar'],
      ...ID,
    },
    {
      words: 'delete ID',
      doc: 'Put it in the trash, for seven days.',
      options: ['forever', 'yes'],
      ...ID,
    },
    { words: 'trash', doc: 'List the trash.', options: COUNT },
    {
      words: 'restore ID',
      doc: 'Take it out of the trash.',
      complete: { ID: 'deleted recording' },
    },
  ],
  options: {
    limit: { value: 'N', doc: 'At most so many (20).' },
    all: { doc: 'All of them.' },
    tag: {
      value: 'TAG',
      doc: 'Only those with this tag; of edit: put it on, also several.',
      many: true,
    },
    text: { value: 'TEXT', doc: 'Only those with it in id, name, note, client or tag.' },
    starred: { doc: 'Only those that are kept for good.' },
    kind: { value: streamKinds.join('|'), doc: 'Only those of such streams.' },
    since: {
      value: 'WHEN',
      doc: 'Only those begun since: 12h, 3d, 2026-06-26 or with T20:14, UTC.',
    },
    until: { value: 'WHEN', doc: 'Only those begun before.' },
    quiet: { doc: 'Say nothing beside the list.' },
    session: { value: 'N', doc: 'Of this session alone.' },
    from: { value: 'TIME', doc: 'From there on: ms, or MM:SS, since it began.' },
    to: { value: 'TIME', doc: 'Until there.' },
    'pre-roll': { value: 'S', doc: 'Take so many seconds before it along, to 120.' },
    name: { value: 'NAME', doc: 'What to call it; of edit: "" takes the name away.' },
    note: { value: 'TEXT', doc: 'What there is to say of it; "" takes the note away.' },
    untag: { value: 'TAG', doc: 'Take this tag off, also several.', many: true },
    star: { doc: 'Keep it, whatever the limits of recordings say.' },
    unstar: { doc: 'Keep it no longer than others.' },
    format: { value: exportFormats.join('|'), doc: 'What to write (as FILE ends, else json).' },
    output: { value: 'FILE', short: 'o', doc: 'Where to (ID.FORMAT); a folder, or - for stdout.' },
    force: { doc: 'Write over a file that is there.' },
    forever: { doc: 'Not into the trash, or out of it; a terminal is asked first.' },
    yes: { short: 'y', doc: 'Do not ask.' },
    ...HOST_OPTIONS,
  },
  async run(flags, context, [verb = 'list', word = '']) {
    switch (verb) {
      // Loaded when they are asked for: every start of the host would pay for what reads frames.
      case 'show':
        return (await import('./stats-show.ts')).showRecording(flags, context, word);
      case 'export':
        return (await import('./stats-export.ts')).exportRecording(flags, context, word);
      case 'start':
        return start(flags, context);
      case 'stop':
        return stop(flags, context);
      case 'status':
        return showStatus(flags, context);
      case 'mark':
        return mark(flags, context, word);
      case 'save':
        return save(flags, context);
      case 'import':
        return take(flags, context, word);
      case 'edit':
        return editRecording(flags, context, word);
      case 'delete':
        return deleteRecording(flags, context, word);
      case 'trash':
        return listTrash(flags, context);
      case 'restore':
        return restoreRecording(flags, context, word);
      default:
        return listRecordings(flags, context);
    }
  },
};

async function start(flags: Flags, context: CliContext): Promise<ExitCode> {
  const preRoll = numberFlag(flags, 'pre-roll', { least: 0, most: 120, otherwise: 0 });
  const name = textFlag(flags, 'name');
  if (name !== undefined && (name === '' || name.length > LONGEST_NAME)) {
    throw new UsageError(`--name must have 1 to ${LONGEST_NAME} characters`);
  }
  const status = await hostApi(flags, context).ask<StatsStatus>(
    'POST',
    '/stats/capture/start',
    StatsStatus,
    {
      body: {
        ...(preRoll === 0 ? {} : { pre_roll_s: preRoll }),
        ...(name === undefined ? {} : { name }),
      },
    },
  );
  const since = Math.max(
    0,
    (status.now_unix_ms ?? status.started_unix_ms) - status.started_unix_ms,
  );
  tell(flags, context, status, `Recording, begun ${clockText(since)} ago.`);
  if (status.fault !== undefined) context.err(`${plain(status.fault)}\n`);
  return exitCode.ok;
}

async function stop(flags: Flags, context: CliContext): Promise<ExitCode> {
  const meta = await hostApi(flags, context).askMaybe<CaptureMeta>(
    'POST',
    '/stats/capture/stop',
    CaptureMeta,
    { withinMs: SAVE_MS },
  );
  if (meta === undefined) {
    throw new AppError(409, 'not_recording', 'Nothing is being recorded.');
  }
  tell(flags, context, meta, savedText(meta));
  return exitCode.ok;
}

async function showStatus(flags: Flags, context: CliContext): Promise<ExitCode> {
  const path = '/stats/capture/status';
  const status = await hostApi(flags, context).ask<StatsStatus>('GET', path, StatsStatus);
  tell(flags, context, status, statusText(status));
  return exitCode.ok;
}

function statusText({ black_box: box, last_run: lastRun, ...status }: StatsStatus): string {
  const since = (status.now_unix_ms ?? status.started_unix_ms) - status.started_unix_ms;
  const lines = [
    status.armed
      ? `Recording, begun ${clockText(Math.max(0, since))} ago: ${status.sample_count} windows so far.`
      : status.unsaved === true
        ? 'A stopped recording waits to be saved; stop tries again.'
        : 'Nothing is being recorded.',
  ];
  if (status.fault !== undefined) lines.push(status.fault);
  if (box?.on === true) {
    lines.push(`The black box holds ${box.frames} frames of ${clockText(box.seconds * 1000)}.`);
  } else if (box !== undefined) lines.push('The black box is off.');
  if (lastRun !== undefined) {
    const recovered = [...lastRun.recovered_ids, lastRun.saved_id].filter((id) => id !== undefined);
    lines.push(
      `The run before this one ended badly${recovered.length === 0 ? '.' : `; kept of it: ${recovered.join(', ')}.`}`,
    );
  }
  return lines.map(plain).join('\n');
}

async function mark(flags: Flags, context: CliContext, text: string): Promise<ExitCode> {
  if (text === '' || text.length > 200) throw new UsageError('a marker has 1 to 200 characters');
  const event = await hostApi(flags, context).ask<CaptureEvent>(
    'POST',
    '/stats/capture/markers',
    CaptureEvent,
    { body: { text } },
  );
  tell(flags, context, event, `Marked at ${clockText(event.t_ms)}.`);
  return exitCode.ok;
}

async function save(flags: Flags, context: CliContext): Promise<ExitCode> {
  const meta = await hostApi(flags, context).ask<CaptureMeta>(
    'POST',
    '/stats/black-box/save',
    CaptureMeta,
    { withinMs: SAVE_MS },
  );
  tell(flags, context, meta, savedText(meta));
  return exitCode.ok;
}

async function take(flags: Flags, context: CliContext, file: string): Promise<ExitCode> {
  const data = readBytes(file);
  const gzip = data[0] === 0x1f && data[1] === 0x8b;
  const meta = await hostApi(flags, context).ask<CaptureMeta>(
    'POST',
    '/stats/recordings',
    CaptureMeta,
    {
      bytes: { type: gzip ? 'application/gzip' : 'application/json', data },
      withinMs: SAVE_MS,
    },
  );
  tell(flags, context, meta, savedText(meta));
  return exitCode.ok;
}

function tell(flags: Flags, context: CliContext, value: unknown, sentence: string): void {
  context.out(flags['json'] === true ? jsonText(value) : `${sentence}\n`);
}

function savedText(meta: CaptureMeta): string {
  const frames = meta.frame_count === undefined ? '' : `, ${meta.frame_count} frames`;
  return `${plain(meta.id)}: ${clockText(meta.duration_ms)} long${frames}.`;
}

/** A file, or stdin. Throws AppError when it cannot be read. */
function readBytes(file: string): Uint8Array<ArrayBuffer> {
  try {
    return Uint8Array.from(readFileSync(file === '-' ? 0 : file));
  } catch (error) {
    throw new AppError(400, 'unreadable', `${plain(file)} cannot be read: ${reasonOf(error)}.`);
  }
}

/** Three hours are written within seconds; a slow disk may take longer. */
const SAVE_MS = 5 * 60_000;
