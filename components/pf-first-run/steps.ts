// Which of the first steps are done, from what is known of the host. Pure.
import type { PairedClient } from '../../contract/clients.ts';
import type { CaptureMeta, StatsStatus } from '../../contract/stats.ts';

export interface Known {
  readonly status: StatsStatus | undefined;
  readonly recordings: readonly CaptureMeta[] | undefined;
  /** Undefined: this API or token does not show them. */
  readonly clients: readonly PairedClient[] | undefined;
}

export interface Step {
  readonly name: 'capture' | 'pair' | 'play' | 'look';
  readonly done: boolean;
}

export function stepsOf({ status, recordings, clients }: Known): readonly Step[] {
  const kept = recordings ?? [];
  const looked = kept.length > 0;
  const streamed =
    (status?.armed === true && status.sample_count > 0) ||
    kept.some((meta) => meta.sample_count > 0);
  const pair: readonly Step[] =
    clients === undefined ? [] : [{ name: 'pair', done: clients.length > 0 }];
  return [
    { name: 'capture', done: status?.armed === true || status?.unsaved === true || looked },
    ...pair,
    { name: 'play', done: streamed },
    { name: 'look', done: looked },
  ];
}
