// Events of a recording for people: how many of each, and when what was out of the ordinary happened.
import type { CaptureEvent } from '../../../contract/stats.ts';
import { clockText, plain, wrapped } from './output.ts';

export function countsOf(events: readonly CaptureEvent[]): Readonly<Record<string, number>> {
  const counts = new Map<string, number>();
  for (const { kind } of events) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return Object.fromEntries(counts);
}

/** Every marker, and the first of what else is no routine. */
export function eventsText(events: readonly CaptureEvent[], width: number): string {
  if (events.length === 0) return 'No events.\n';
  const counts = Object.entries(countsOf(events)).map(
    ([kind, count]) => `${count}${NO_BREAK}${kind}`,
  );
  const telling = events.filter(({ kind }) => kind !== MARKER && !ROUTINE.has(kind));
  const kept = new Set(telling.slice(0, MOST_LINES));
  const shown = events.filter((event) => event.kind === MARKER || kept.has(event));
  const times = Math.max(0, ...shown.map(({ t_ms }) => clockText(t_ms).length));
  const lines = shown.map((event) => {
    const place = event.session_id === undefined ? '' : `session ${event.session_id}: `;
    const line = `  ${clockText(event.t_ms).padEnd(times)}  ${place}${whatOf(event)}`;
    return wrapped(plain(line), width, ' '.repeat(times + 4));
  });
  const left = telling.length - kept.size;
  return [
    wrapped(plain(`Events: ${counts.join(', ')}`), width, '  ').replaceAll(NO_BREAK, ' '),
    ...lines,
    ...(left === 0 ? [] : [`  … and ${left} more; --from and --to look closer, --json has all`]),
    '',
  ].join('\n');
}

function whatOf({ kind, frame, detail = {} }: CaptureEvent): string {
  const { text } = detail;
  if (kind === MARKER) return `marker: ${text ?? ''}`;
  const facts = [
    ...(frame === undefined ? [] : [`frame ${frame}`]),
    ...Object.entries(detail).map(([name, value]) => `${name} ${value}`),
  ];
  return facts.length === 0 ? kind : `${kind}: ${facts.join(', ')}`;
}

const MARKER = 'marker';
const NO_BREAK = '\u00a0';
/** What every stream has, and what sessions say of themselves in their own lines. */
const ROUTINE: ReadonlySet<string> = new Set([
  'session_start',
  'session_end',
  'key_frame',
  'invalidation',
  'clock_restarted',
]);
const MOST_LINES = 30;
