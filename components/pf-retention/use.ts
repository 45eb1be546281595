// What recordings take of what they may take. Pure: sums of a list, and no figure where there is none.
import type { CaptureMeta } from '../../contract/stats.ts';

export interface Use {
  /** Those that count: without a star. */
  readonly count: number;
  readonly starred: number;
  /** Of every file, the trash included; undefined when one of them does not say. */
  readonly bytes: number | undefined;
  /** Undefined: the trash is not known. */
  readonly trashBytes: number | undefined;
  /** Of those without a star; undefined when there is none. */
  readonly oldestUnixMs: number | undefined;
}

export function useOf(
  recordings: readonly CaptureMeta[],
  trash: readonly CaptureMeta[] | undefined,
): Use {
  const mayGo = recordings.filter(
    ({ starred, damaged }) => starred !== true && damaged === undefined,
  );
  const own = bytesOf(recordings);
  const trashBytes = trash === undefined ? undefined : bytesOf(trash);
  const times = mayGo.map(({ started_unix_ms }) => started_unix_ms).filter((ms) => ms > 0);
  return {
    count: mayGo.length,
    starred: recordings.filter(({ starred }) => starred === true).length,
    bytes: own === undefined ? undefined : own + (trashBytes ?? 0),
    trashBytes,
    oldestUnixMs: times.length === 0 ? undefined : times.reduce((a, b) => Math.min(a, b)),
  };
}

function bytesOf(list: readonly CaptureMeta[]): number | undefined {
  return list.reduce<number | undefined>(
    (sum, { bytes }) => (sum === undefined || bytes === undefined ? undefined : sum + bytes),
    0,
  );
}
