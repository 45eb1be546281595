// Frames on their way out, piece by piece, as the peer takes them: nothing is made before somebody reads it, and what
// the recorder holds open for a download is closed however the download ends.
import type { RecordingId } from '../../../recording/src/recording-id.ts';
import { AppError } from '../errors.ts';
import type { FramesQuery, RecordingsService } from '../recordings/service.ts';

type Source = Pick<RecordingsService, 'openFrames' | 'nextFrames' | 'closeFrames'>;

export class FrameDownloads {
  #open = 0;

  /** What to answer; undefined when there is no such recording. Throws AppError 503 when too many are under way. */
  async open(source: Source, id: RecordingId, query: FramesQuery): Promise<BodyInit | undefined> {
    if (this.#open >= MOST_DOWNLOADS) {
      throw new AppError(
        503,
        'too_many_downloads',
        `${MOST_DOWNLOADS} downloads of frames are under way, which is the most; try again soon.`,
      );
    }
    this.#open += 1;
    const leave = once(() => {
      this.#open -= 1;
    });
    try {
      const download = await source.openFrames(id, query);
      if (download !== undefined && download.path === undefined) {
        return await streamOf(source, download.handle, leave);
      }
      leave();
      if (download?.path === undefined) return undefined;
      await source.closeFrames(download.handle);
      return Bun.file(download.path);
    } catch (error) {
      leave();
      throw error;
    }
  }
}

async function streamOf(
  source: Source,
  handle: number,
  leave: () => void,
): Promise<ReadableStream<Uint8Array>> {
  const next = async (): Promise<Uint8Array | undefined> => {
    try {
      return await source.nextFrames(handle);
    } catch (error) {
      leave();
      await source.closeFrames(handle);
      throw error;
    }
  };
  // Before the answer begins: what cannot be read is an error with a sentence, and not half a file.
  let waiting: Uint8Array | undefined = await next();
  return new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        if (waiting === undefined) {
          leave();
          controller.close();
          return;
        }
        controller.enqueue(waiting);
        waiting = await next();
      },
      cancel: async () => {
        leave();
        await source.closeFrames(handle);
      },
    },
    { highWaterMark: 0 },
  );
}

function once(work: () => void): () => void {
  let done = false;
  return () => {
    if (!done) work();
    done = true;
  };
}

/** Each holds a file open in the recorder, and a piece of it in memory. */
const MOST_DOWNLOADS = 8;
