// What is done to a recording that is there: `stats edit`, `delete` and `restore`.
import { CaptureMeta, type RecordingChange } from '../../../contract/stats.ts';
import { AppError } from '../errors.ts';
import {
  type CliContext,
  type ExitCode,
  exitCode,
  type Flags,
  textFlag,
  textsFlag,
  UsageError,
} from './command.ts';
import { jsonText, plain } from './output.ts';
import { nameText } from './stats-list.ts';
import { type Chosen, chosen, listed } from './stats-range.ts';

export async function editRecording(
  flags: Flags,
  context: CliContext,
  word: string,
): Promise<ExitCode> {
  const wish = wishOf(flags);
  const recording = await chosen(flags, context, word);
  const body: RecordingChange = {
    ...wish.change,
    ...(wish.add.length + wish.remove.length === 0
      ? {}
      : { tags: await tagsOf(recording, wish.add, wish.remove) }),
  };
  const meta = await recording.host.ask<CaptureMeta>('PATCH', recording.path, CaptureMeta, {
    body,
  });
  const shown = nameText(meta, Number.POSITIVE_INFINITY);
  context.out(
    flags['json'] === true
      ? jsonText(meta)
      : `${plain(meta.id)}: ${shown === '' ? 'no name, no tags' : shown}\n`,
  );
  return exitCode.ok;
}

export async function deleteRecording(
  flags: Flags,
  context: CliContext,
  word: string,
): Promise<ExitCode> {
  const forever = flags['forever'] === true;
  const { host, id, path } = await chosen(flags, context, word);
  if (forever && flags['yes'] !== true && context.confirm !== undefined) {
    const agreed = await context.confirm(`Delete ${id} for ever?`);
    if (!agreed) throw new AppError(409, 'not_confirmed', 'Nothing was deleted.');
  }
  await host.tell('DELETE', `${path}${forever ? '?forever=true' : ''}`);
  context.out(
    flags['json'] === true
      ? jsonText({ id, forever })
      : forever
        ? `${id} is gone.\n`
        : `${id} is in the trash; restore takes it out within seven days.\n`,
  );
  return exitCode.ok;
}

export async function restoreRecording(
  flags: Flags,
  context: CliContext,
  word: string,
): Promise<ExitCode> {
  const { host, path } = await chosen(flags, context, word, 'trash');
  const meta = await host.ask<CaptureMeta>('POST', `${path}/restore`, CaptureMeta);
  context.out(flags['json'] === true ? jsonText(meta) : `${plain(meta.id)} is back.\n`);
  return exitCode.ok;
}

/** What the options ask for; tags are added and taken away, the rest is put. */
interface Wish {
  readonly change: RecordingChange;
  readonly add: readonly string[];
  readonly remove: readonly string[];
}

/** Throws UsageError for what the host would refuse, and for a wish for nothing. */
function wishOf(flags: Flags): Wish {
  const name = bounded(flags, 'name', LONGEST_NAME);
  const note = bounded(flags, 'note', LONGEST_NOTE);
  const [add, remove] = [textsFlag(flags, 'tag'), textsFlag(flags, 'untag')];
  for (const tag of [...add, ...remove]) {
    if (tag === '' || tag.length > LONGEST_TAG) {
      throw new UsageError(`a tag has 1 to ${LONGEST_TAG} characters`);
    }
  }
  const both = add.find((tag) => remove.includes(tag));
  if (both !== undefined) throw new UsageError(`"${both}" cannot be put on and taken off`);
  if (flags['star'] === true && flags['unstar'] === true) {
    throw new UsageError('--star and --unstar exclude each other');
  }
  const starred = flags['star'] === true ? true : flags['unstar'] === true ? false : undefined;
  const change = {
    ...(name === undefined ? {} : { name }),
    ...(note === undefined ? {} : { note }),
    ...(starred === undefined ? {} : { starred }),
  };
  if (Object.keys(change).length + add.length + remove.length === 0) {
    throw new UsageError('nothing to change: --name, --note, --tag, --untag, --star or --unstar');
  }
  return { change, add, remove };
}

function bounded(flags: Flags, name: string, most: number): string | undefined {
  const text = textFlag(flags, name);
  if (text !== undefined && text.length > most) {
    throw new UsageError(`--${name} has ${text.length} characters; at most ${most} are kept`);
  }
  return text;
}

/** The API takes all of them at once, so that those which stay have to be known. */
async function tagsOf(
  recording: Chosen,
  add: readonly string[],
  remove: readonly string[],
): Promise<string[]> {
  const meta = await listed(recording);
  if (meta === undefined) {
    throw new AppError(
      404,
      'recording_not_found',
      `There is no recording ${JSON.stringify(recording.id)}.`,
    );
  }
  const tags = new Set([...(meta.tags ?? []), ...add]);
  for (const tag of remove) tags.delete(tag);
  if (tags.size > MOST_TAGS) {
    throw new UsageError(`it would have ${tags.size} tags; at most ${MOST_TAGS} are kept`);
  }
  return [...tags];
}

/** As RecordingUser in contract/stats.ts bounds them; a test holds them against it. */
export const LONGEST_NAME = 120;
export const LONGEST_NOTE = 4000;
export const LONGEST_TAG = 40;
export const MOST_TAGS = 20;
