// Saves what nobody asked for only while there is room for it: the black box must not push starred recordings over the
// limit of bytes, nor fill it again and again with what goes at once.
import { AppError } from '../errors.ts';
import type { FinishedRecording, RecordingSaver } from './parts.ts';

export class LimitedSaver implements RecordingSaver {
  readonly #saver: RecordingSaver;
  readonly #hasRoom: (bytes: number) => boolean;

  /** `hasRoom`: whether the limits leave so many bytes, see store.ts. */
  constructor(saver: RecordingSaver, hasRoom: (bytes: number) => boolean) {
    this.#saver = saver;
    this.#hasRoom = hasRoom;
  }

  freshStem(startedUnixMs: number): string {
    return this.#saver.freshStem(startedUnixMs);
  }

  /** Throws AppError 507 `save_failed` when there is no room, and what the saver throws. */
  save(recording: FinishedRecording): void {
    const bytes = Buffer.byteLength(recording.text) + (recording.frames?.byteLength ?? 0);
    if (!this.#hasRoom(bytes)) {
      throw new AppError(
        507,
        'save_failed',
        `The black box was not saved: its ${bytes} bytes have no room within the limit of recordings-mb, even with ` +
          'everything gone that may go. Delete a starred recording, or raise the limit.',
      );
    }
    this.#saver.save(recording);
  }
}
