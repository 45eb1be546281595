// In which order recordings stand. Files that cannot be read come last in every one. Pure.
import type { CaptureMeta } from '../../contract/stats.ts';

export const ORDERS = ['newest', 'longest', 'largest', 'name'] as const;
export type Order = (typeof ORDERS)[number];

export function ordered(
  metas: readonly CaptureMeta[],
  order: Order,
  nameOf: (meta: CaptureMeta) => string,
  language: string,
): readonly CaptureMeta[] {
  const byTime = (a: CaptureMeta, b: CaptureMeta): number => b.started_unix_ms - a.started_unix_ms;
  const compare = comparing(order, nameOf, language);
  return metas.toSorted(
    (a, b) =>
      Number(a.damaged !== undefined) - Number(b.damaged !== undefined) ||
      compare(a, b) ||
      byTime(a, b),
  );
}

function comparing(
  order: Order,
  nameOf: (meta: CaptureMeta) => string,
  language: string,
): (a: CaptureMeta, b: CaptureMeta) => number {
  switch (order) {
    case 'newest':
      return () => 0;
    case 'longest':
      return (a, b) => b.duration_ms - a.duration_ms;
    case 'largest':
      // Of unknown size: behind the smallest.
      return (a, b) => (b.bytes ?? -1) - (a.bytes ?? -1);
    case 'name': {
      const { compare } = new Intl.Collator(language, { numeric: true, sensitivity: 'base' });
      // Those that people named come first.
      return (a, b) =>
        Number(a.name === undefined) - Number(b.name === undefined) ||
        (a.name === undefined ? 0 : compare(nameOf(a), nameOf(b)));
    }
  }
}
