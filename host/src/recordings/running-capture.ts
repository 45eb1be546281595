// One armed capture: the pure builder and its writer, fed by the same inputs in the same order, and what both cost.
import type { CaptureMeta, LiveDelta, RecorderFigures } from '../../../contract/stats.ts';
import { CaptureBuilder, type CaptureStart } from '../../../recording/src/capture.ts';
import { RECORD_BYTES } from '../../../recording/src/frames.ts';
import type { CaptureInput } from '../../../recording/src/inputs.ts';
import { CaptureWriter, type WriterOptions } from './writing.ts';

export class RunningCapture {
  readonly start: CaptureStart;
  readonly #builder: CaptureBuilder;
  readonly #writer: CaptureWriter;
  readonly #clockMs: () => number;
  #records = 0;
  #takeMs = 0;
  #finished: ReturnType<CaptureBuilder['finish']> | undefined;

  constructor(options: WriterOptions) {
    this.start = options.start;
    this.#builder = new CaptureBuilder(options.start);
    this.#writer = new CaptureWriter(options);
    this.#clockMs = options.clockMs;
  }

  get startedUnixMs(): number {
    return this.start.startedUnixMs;
  }

  get kind(): CaptureBuilder['kind'] {
    return this.#builder.kind;
  }

  get sampleCount(): number {
    return this.#builder.sampleCount;
  }

  get fault(): string | undefined {
    return this.#writer.fault;
  }

  get figures(): RecorderFigures {
    return {
      frames: this.#records,
      ...(this.#records === 0 ? {} : { ns_per_frame: this.#nsPerFrame }),
      ...this.#writer.figures,
    };
  }

  take(input: CaptureInput, nowNs: bigint): void {
    const before = this.#clockMs();
    const accepted = this.#builder.take(input);
    if (input.kind === 'records') {
      this.#takeMs += this.#clockMs() - before;
      this.#records += input.bytes.byteLength / RECORD_BYTES;
      this.#writer.records(input.bytes, nowNs);
    } else this.#writer.input(input);
    if (accepted !== undefined) this.#writer.frames(accepted, nowNs);
  }

  /** Once a poll: closes windows that are over and writes; answers what is new. */
  advance(nowNs: bigint): LiveDelta[] {
    const before = this.#clockMs();
    this.#builder.advance(nowNs);
    const deltas = this.#builder.deltas();
    this.#takeMs += this.#clockMs() - before;
    this.#writer.commit(nowNs);
    return deltas;
  }

  /** JSON so far; all of it once `finish` was called. */
  text(nowUnixMs: number): string {
    return this.#finished?.text ?? this.#builder.text(nowUnixMs, this.#about());
  }

  /** Closes the open windows; nothing is taken any more. Answers what is new. */
  close(nowNs: bigint): LiveDelta[] {
    this.#finished ??= this.#builder.finish(nowNs, this.#about());
    return this.#builder.deltas();
  }

  /** Makes a recording of a closed capture. Throws AppError `save_failed`; then it may be tried again. */
  save(nowNs: bigint): CaptureMeta {
    this.#finished ??= this.#builder.finish(nowNs, this.#about());
    const { meta, text } = this.#finished;
    this.#writer.finish(meta, text, nowNs);
    const { name } = this.start;
    return name === undefined ? meta : { ...meta, name };
  }

  #about(): { readonly recorder: RecorderFigures; readonly frameCount: number } {
    return { recorder: this.figures, frameCount: this.#writer.rows };
  }

  get #nsPerFrame(): number {
    return Math.round((this.#takeMs * 1e6) / this.#records);
  }
}
