// The messages between the main thread and the recordings Worker. Both ends are ours and built together.
import type { HostFacts, LiveDelta } from '../../../contract/stats.ts';
import type { RecordingsService } from './service.ts';

export interface RecordingsStart {
  readonly libraryPath: string;
  readonly engine: number;
  readonly configDir: string | undefined;
  /** Stays on whatever the recorder wants: PUNKTFUNK_PERF. */
  readonly perf: boolean;
  readonly blackBox: boolean;
  /** Tells this run's `.black-box.<pid>` from every other. */
  readonly runNonce: number;
  readonly metrics: boolean;
  readonly keep: RecordingLimits;
  readonly host: HostFacts;
}

/** What recordings may come to before the oldest go; 0 = no limit. */
export interface RecordingLimits {
  readonly count: number;
  readonly days: number;
  readonly bytes: number;
}

/** What is asked and answered; deltas are told unasked. */
export type Method = Exclude<keyof RecordingsService, 'onDelta'>;

type Calls = {
  readonly [M in Method]: {
    readonly kind: 'call';
    readonly id: number;
    readonly method: M;
    readonly args: Parameters<RecordingsService[M]>;
  };
};

type Values = {
  readonly [M in Method]: {
    readonly kind: 'value';
    readonly id: number;
    readonly method: M;
    readonly value: Awaited<ReturnType<RecordingsService[M]>>;
  };
};

export type CallRequest = Calls[Method];
export type ValueReply = Values[Method];

export type RecordingsRequest =
  | { readonly kind: 'open-worker'; readonly start: RecordingsStart }
  /** Whether anybody wants to hear of the running capture. */
  | { readonly kind: 'watch'; readonly on: boolean }
  | CallRequest;

export type RecordingsReply =
  | { readonly kind: 'failed'; readonly reason: string }
  | {
      readonly kind: 'log';
      readonly level: 'debug' | 'info' | 'warn' | 'error';
      readonly message: string;
      readonly fields: Readonly<Record<string, unknown>>;
    }
  | { readonly kind: 'deltas'; readonly deltas: readonly LiveDelta[] }
  | ValueReply
  | {
      readonly kind: 'error';
      readonly id: number;
      readonly status: number;
      readonly code: string;
      readonly message: string;
    };
