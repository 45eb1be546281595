// What people add to a recording, `<id>.user.json`: read with suspicion, changed as PATCH says. A broken file is ignored
// and told; it never hides its recording.
import { Value } from 'typebox/value';
import { RecordingChange, RecordingUser } from '../../../contract/stats.ts';
import type { RecordingId } from '../../../recording/src/recording-id.ts';
import { reasonOf } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Folder } from './folder.ts';

/** The fields of people in anything that may hold more: absent when nobody filled them in. */
export function userFieldsOf(data: RecordingUser): RecordingUser {
  return {
    ...(data.name === undefined || data.name === '' ? {} : { name: data.name }),
    ...(data.note === undefined || data.note === '' ? {} : { note: data.note }),
    ...(data.tags === undefined || data.tags.length === 0 ? {} : { tags: [...data.tags] }),
    ...(data.starred === true ? { starred: true } : {}),
  };
}

/** `user` after a PATCH: what the change does not name stays, an empty text or list takes away. */
export function changedUser(user: RecordingUser, change: RecordingChange): RecordingUser {
  if (!Value.Check(RecordingChange, change)) throw new RangeError('not a change of a recording');
  return userFieldsOf({ ...user, ...change });
}

/** Undefined when there is none, or none that can be read. */
export function readUser(folder: Folder, id: RecordingId, log: Log): RecordingUser | undefined {
  try {
    const text = folder.read(id, 'user', MAX_USER_BYTES)?.toString('utf8');
    if (text === undefined) return undefined;
    const data: unknown = JSON.parse(text);
    if (!Value.Check(RecordingUser, data)) throw new TypeError('not the fields that belong there');
    return userFieldsOf(data);
  } catch (error) {
    log.warn('name, note and tags of a recording cannot be read', { id, reason: reasonOf(error) });
    return undefined;
  }
}

/** Durable when this returns. An empty one is a file too: it says that the recording's own fields are taken away. */
export function writeUser(folder: Folder, id: RecordingId, user: RecordingUser): void {
  folder.write(id, 'user', `${JSON.stringify(user)}\n`);
}

/** The largest that the contract allows takes 30 kB, every character escaped. */
const MAX_USER_BYTES = 64 * 1024;
