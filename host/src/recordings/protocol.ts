// The messages between the main thread and the recordings Worker. Both ends are ours and built together.
import type { Recordings } from './recordings.ts';

export interface RecordingsStart {
  readonly libraryPath: string;
  readonly engine: number;
  readonly configDir: string | undefined;
  /** Stays on whatever the recorder wants: PUNKTFUNK_PERF. */
  readonly perf: boolean;
}

type Method = keyof Recordings;

export type RecordingsRequest =
  | { readonly kind: 'open-worker'; readonly start: RecordingsStart }
  | {
      readonly [M in Method]: {
        readonly kind: 'call';
        readonly id: number;
        readonly method: M;
        readonly args: Parameters<Recordings[M]>;
      };
    }[Method];

export type RecordingsReply =
  | { readonly kind: 'hello' }
  | { readonly kind: 'failed'; readonly reason: string }
  | {
      readonly kind: 'log';
      readonly level: 'debug' | 'info' | 'warn' | 'error';
      readonly message: string;
      readonly fields: Readonly<Record<string, unknown>>;
    }
  | {
      readonly [M in Method]: {
        readonly kind: 'value';
        readonly id: number;
        readonly method: M;
        readonly value: Awaited<ReturnType<Recordings[M]>>;
      };
    }[Method]
  | {
      readonly kind: 'error';
      readonly id: number;
      readonly status: number;
      readonly code: string;
      readonly message: string;
    };

export type CallRequest = Extract<RecordingsRequest, { kind: 'call' }>;
export type ValueReply = Extract<RecordingsReply, { kind: 'value' }>;
