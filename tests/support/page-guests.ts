// Sessions of the tests' host besides its test stream: they come, stream and leave while it records.
import type { SessionEntry, StatsSample } from '../../contract/stats.ts';
import { GAMESTREAM, sampleOf, seeded } from './seeded-recordings.ts';

interface Guest {
  readonly id: number;
  readonly client: string;
  /** 1 is usual; what the encoder takes grows with it. */
  readonly trouble: number;
  readonly cameUnixMs: number;
  leftUnixMs: number | undefined;
}

export class PageGuests {
  readonly #guests: Guest[] = [];

  /** Begins to stream now. */
  join(client: string, trouble = 1): number {
    const id = FIRST_ID + this.#guests.length;
    this.#guests.push({ id, client, trouble, cameUnixMs: Date.now(), leftUnixMs: undefined });
    return id;
  }

  leave(id: number): void {
    const guest = this.#guests.find((one) => one.id === id);
    if (guest !== undefined) guest.leftUnixMs ??= Date.now();
  }

  /** As a recording has them that began then. */
  sessions(startedUnixMs: number): SessionEntry[] {
    return this.#guests.map(({ id, client, cameUnixMs, leftUnixMs }) => ({
      ...{ session_id: id, kind: 'gamestream', width: 1920, height: 1080, fps: 60, codec: 'hevc' },
      ...{ client, source: 'x11', encoder: 'vaapi', bitrate_kbps: KBPS },
      started_t_ms: Math.max(0, cameUnixMs - startedUnixMs),
      ...(leftUnixMs === undefined
        ? {}
        : { ended_t_ms: leftUnixMs - startedUnixMs, end_reason: 'client_left' }),
    }));
  }

  samples(startedUnixMs: number, nowUnixMs: number, windowMs: number): StatsSample[] {
    return this.#guests.flatMap(({ id, trouble, cameUnixMs, leftUnixMs }) => {
      const random = seeded(id);
      const shape = { session: id, fps: 60, windowMs, kbps: KBPS, stages: GAMESTREAM, trouble };
      const samples: StatsSample[] = [];
      const to = Math.min(nowUnixMs, leftUnixMs ?? nowUnixMs) - startedUnixMs;
      const from = Math.max(0, cameUnixMs - startedUnixMs);
      for (let t = from + windowMs; t <= to; t += windowMs) {
        samples.push(sampleOf({ ...shape, tMs: Math.round(t) }, random));
      }
      return samples;
    });
  }
}

/** The test stream is the first. */
const FIRST_ID = 2;
const KBPS = 12_000;
