// `stats`: recordings of the running host: arm and stop, list, mark, take in, put away, and what the black box holds.
// `show` and `export` have files of their own.
import { readFileSync } from 'node:fs';
import Type from 'typebox';
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
import { byteText, clockText, fitted, jsonText, plain, tableText } from './output.ts';
import { exportFormats, recordingPath } from './stats-range.ts';

const LISTING = ['limit', 'tag', 'text', 'starred', 'all', 'trash', 'quiet'];
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
      doc: 'Sessions, figures and events; ID may be latest.',
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
      words: 'delete ID',
      doc: 'Put it in the trash, for seven days.',
      options: ['forever'],
      ...ID,
    },
    {
      words: 'restore ID',
      doc: 'Take it out of the trash.',
      complete: { ID: 'deleted recording' },
    },
  ],
  options: {
    limit: { value: 'N', doc: 'At most so many (20).' },
    all: { doc: 'All of them.' },
    tag: { value: 'TAG', doc: 'Only those with this tag.' },
    text: { value: 'TEXT', doc: 'Only those with it in id, name, note, client or tag.' },
    starred: { doc: 'Only those that are kept for good.' },
    trash: { doc: 'Those in the trash instead.' },
    quiet: { doc: 'Say nothing beside the list.' },
    session: { value: 'N', doc: 'Of this session alone.' },
    from: { value: 'TIME', doc: 'From there on: ms, or MM:SS, since it began.' },
    to: { value: 'TIME', doc: 'Until there.' },
    'pre-roll': { value: 'S', doc: 'Take so many seconds before it along, to 120.' },
    name: { value: 'NAME', doc: 'What to call it.' },
    format: { value: exportFormats.join('|'), doc: 'What to write (json).' },
    output: { value: 'FILE', short: 'o', doc: 'Where to (ID.FORMAT); - is stdout.' },
    force: { doc: 'Write over a file that is there.' },
    forever: { doc: 'Not into the trash.' },
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
      case 'delete':
        return remove(flags, context, word);
      case 'restore':
        return restore(flags, context, word);
      default:
        return list(flags, context);
    }
  },
};

async function list(flags: Flags, context: CliContext): Promise<ExitCode> {
  const all = flags['all'] === true;
  if (all && flags['limit'] !== undefined)
    throw new UsageError('--all and --limit exclude each other');
  const most = numberFlag(flags, 'limit', { least: 1, most: 1000, otherwise: 20 });
  if (!Number.isInteger(most)) throw new UsageError('--limit is a whole number');
  const host = hostApi(flags, context);
  const { metas, more } = flags['trash'] === true ? await trashed() : await saved();
  if (flags['json'] === true) context.out(jsonText(metas));
  else {
    const readable = metas.filter(({ damaged }) => damaged === undefined);
    const rows = readable.map((meta) => [
      meta.id,
      clockText(meta.duration_ms),
      meta.frame_count === undefined ? '–' : String(meta.frame_count),
      meta.bytes === undefined ? '–' : byteText(meta.bytes),
      fitted([...(meta.starred === true ? ['★'] : []), ...nameOf(meta)].join(' '), NAME_WIDTH),
    ]);
    const heading = ['ID', 'LENGTH', 'FRAMES', 'SIZE', 'NAME'];
    const none = flags['trash'] === true ? 'The trash is empty.' : 'No recordings.';
    context.out(tableText(context, heading, rows, none));
    for (const { damaged } of metas) {
      if (damaged !== undefined) {
        context.out(`Cannot be read: ${plain(damaged.file)}: ${plain(damaged.reason)}\n`);
      }
    }
  }
  if (more && flags['quiet'] !== true) {
    context.err('There are more; --all lists them, --limit so many.\n');
  }
  return exitCode.ok;

  async function saved(): Promise<{ metas: CaptureMeta[]; more: boolean }> {
    const metas: CaptureMeta[] = [];
    let after: string | undefined;
    do {
      const query = new URLSearchParams({ limit: String(all ? PAGE : most) });
      for (const name of ['tag', 'text']) {
        const value = textFlag(flags, name);
        if (value !== undefined) query.set(name, value);
      }
      if (flags['starred'] === true) query.set('starred', 'true');
      if (after !== undefined) query.set('after', after);
      const { page, next } = await host.askPage<CaptureMeta[]>(
        `/stats/recordings?${query}`,
        Type.Array(CaptureMeta),
      );
      metas.push(...page);
      // A host that hands out the same place again would keep us here for ever.
      after = next === after ? undefined : next;
    } while (all && after !== undefined);
    return { metas, more: after !== undefined };
  }

  async function trashed(): Promise<{ metas: CaptureMeta[]; more: boolean }> {
    const metas = await host.ask<CaptureMeta[]>('GET', '/stats/trash', Type.Array(CaptureMeta));
    return { metas: all ? metas : metas.slice(0, most), more: !all && metas.length > most };
  }
}

async function start(flags: Flags, context: CliContext): Promise<ExitCode> {
  const preRoll = numberFlag(flags, 'pre-roll', { least: 0, most: 120, otherwise: 0 });
  const name = textFlag(flags, 'name');
  if (name !== undefined && (name === '' || name.length > 120)) {
    throw new UsageError('--name must have 1 to 120 characters');
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
  tell(flags, context, status, `It records, since ${clockText(since)}.`);
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
      ? `It records, since ${clockText(Math.max(0, since))}: ${status.sample_count} windows.`
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

async function remove(flags: Flags, context: CliContext, id: string): Promise<ExitCode> {
  const path = recordingPath(id);
  const forever = flags['forever'] === true;
  await hostApi(flags, context).tell('DELETE', `${path}${forever ? '?forever=true' : ''}`);
  tell(
    flags,
    context,
    { id, forever },
    forever ? `${id} is gone.` : `${id} is in the trash; restore takes it out within seven days.`,
  );
  return exitCode.ok;
}

async function restore(flags: Flags, context: CliContext, id: string): Promise<ExitCode> {
  const path = recordingPath(id);
  const meta = await hostApi(flags, context).ask<CaptureMeta>(
    'POST',
    `${path}/restore`,
    CaptureMeta,
  );
  tell(flags, context, meta, `${meta.id} is back.`);
  return exitCode.ok;
}

function tell(flags: Flags, context: CliContext, value: unknown, sentence: string): void {
  context.out(flags['json'] === true ? jsonText(value) : `${sentence}\n`);
}

function savedText(meta: CaptureMeta): string {
  const frames = meta.frame_count === undefined ? '' : `, ${meta.frame_count} frames`;
  return `${plain(meta.id)}: ${clockText(meta.duration_ms)} long${frames}.`;
}

function nameOf({ name, tags = [] }: CaptureMeta): readonly string[] {
  return [...(name === undefined ? [] : [name]), ...tags.map((tag) => `#${tag}`)];
}

/** A file, or stdin. Throws AppError when it cannot be read. */
function readBytes(file: string): Uint8Array<ArrayBuffer> {
  try {
    return Uint8Array.from(readFileSync(file === '-' ? 0 : file));
  } catch (error) {
    throw new AppError(400, 'unreadable', `${plain(file)} cannot be read: ${reasonOf(error)}.`);
  }
}

/** What is left of 80 columns beside an id of 32 and three figures. */
const NAME_WIDTH = 20;
const PAGE = 500;
/** Three hours are written within seconds; a slow disk may take longer. */
const SAVE_MS = 5 * 60_000;
