// When the black box becomes a recording: a while after something went wrong, so that the end of it is in there, not too
// often and not too many of them; or because somebody asked. Saves through its collaborators and knows no file.
import type { BlackBoxStatus, CaptureMeta } from '../../../contract/stats.ts';
import type { TriggerReason } from '../../../recording/src/triggers.ts';
import { AppError, reasonOf } from '../errors.ts';
import type { Log } from '../log.ts';

/** The recordings that lie in captures/ because of a trigger. */
export interface AutomaticRecordings {
  /** Oldest first, those in the trash left out. */
  list(): readonly { readonly id: string; readonly starred: boolean }[];
  /** To the trash. */
  remove(id: string): void;
}

export interface AutoSaveOptions {
  /** Makes a recording of what is held now. */
  readonly save: (trigger: TriggerReason | 'request') => CaptureMeta;
  readonly recordings: AutomaticRecordings;
  readonly nowUnixMs: () => number;
  readonly log: Log;
}

export class AutoSave {
  readonly #with: AutoSaveOptions;
  #due: { readonly trigger: TriggerReason; readonly atNs: bigint } | undefined;
  /** When something was last saved, or tried to be, by itself. */
  #lastNs: bigint | undefined;
  #requestedNs: bigint | undefined;
  #saved = 0;
  #heldBack = 0;
  #lastTrigger: string | undefined;
  /** Why the last save failed; undefined when it did not. */
  #fault: string | undefined;
  #lastSaved: { readonly id: string; readonly unixMs: number } | undefined;

  constructor(options: AutoSaveOptions) {
    this.#with = options;
  }

  status(): Pick<
    BlackBoxStatus,
    'saved' | 'held_back' | 'last_trigger' | 'last_saved_unix_ms' | 'last_id' | 'fault'
  > {
    const last = this.#lastSaved;
    return {
      saved: this.#saved,
      held_back: this.#heldBack,
      ...(this.#lastTrigger === undefined ? {} : { last_trigger: this.#lastTrigger }),
      ...(last === undefined ? {} : { last_saved_unix_ms: last.unixMs, last_id: last.id }),
      ...(this.#fault === undefined ? {} : { fault: this.#fault }),
    };
  }

  /** Something is to be saved soon. */
  get isDue(): boolean {
    return this.#due !== undefined;
  }

  /** Something went wrong. What comes before the last one is saved is in the same recording. */
  triggered(trigger: TriggerReason, nowNs: bigint): void {
    if (this.#due !== undefined) return;
    if (this.#lastNs !== undefined && nowNs - this.#lastNs < DISTANCE_NS) {
      this.#heldBack += 1;
      return;
    }
    this.#due = { trigger, atNs: nowNs + DELAY_NS };
  }

  /** Saves what is due. Never throws: a save that fails is a line in the log. */
  tick(nowNs: bigint): void {
    const due = this.#due;
    if (due === undefined || nowNs < due.atNs) return;
    this.#due = undefined;
    this.#lastNs = nowNs;
    try {
      this.#saveAutomatically(due.trigger);
    } catch (error) {
      this.#heldBack += 1;
      this.#fault = reasonOf(error);
      this.#with.log.warn('the black box could not be saved', {
        trigger: due.trigger,
        reason: reasonOf(error),
      });
    }
  }

  /** Because somebody asked. Throws AppError 409 `black_box_too_soon`, and what saving throws. */
  request(nowNs: bigint): CaptureMeta {
    if (this.#requestedNs !== undefined && nowNs - this.#requestedNs < REQUEST_DISTANCE_NS) {
      throw new AppError(
        409,
        'black_box_too_soon',
        'The black box was saved a moment ago; wait two seconds and ask again.',
      );
    }
    const meta = this.#save('request');
    this.#requestedNs = nowNs;
    return meta;
  }

  #saveAutomatically(trigger: TriggerReason): void {
    const { recordings, log } = this.#with;
    const there = recordings.list();
    const surplus = there.length + 1 - MOST_AUTOMATIC;
    const unstarred = there.filter(({ starred }) => !starred);
    if (surplus > unstarred.length) {
      this.#heldBack += 1;
      log.info('the black box was not saved: all automatic recordings are starred', {
        trigger,
        recordings: there.length,
      });
      return;
    }
    const { id } = this.#save(trigger);
    log.info('the black box was saved', { trigger, id });
    for (const { id } of unstarred.slice(0, Math.max(0, surplus))) recordings.remove(id);
  }

  #save(trigger: TriggerReason | 'request'): CaptureMeta {
    this.#lastTrigger = trigger;
    const meta = this.#with.save(trigger);
    this.#saved += 1;
    this.#fault = undefined;
    this.#lastSaved = { id: meta.id, unixMs: this.#with.nowUnixMs() };
    return meta;
  }
}

/** So much of what follows is in the recording. */
const DELAY_NS = 2_000_000_000n;
/** A bad evening shall not fill the disk with the same thing. */
const DISTANCE_NS = 300_000_000_000n;
const REQUEST_DISTANCE_NS = 2_000_000_000n;
/** Of 4 MB at most, most of them a tenth of that. */
export const MOST_AUTOMATIC = 10;
