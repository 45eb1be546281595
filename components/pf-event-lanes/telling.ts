// What an event is called and what its details say, as plain text: in the lane, under the cursor, in
// the table. A kind that this version does not know is told by its own name and details.
import type { CaptureEvent, SessionEntry } from '../../contract/stats.ts';
import type { Format } from '../base/format.ts';
import { removedText, removedWords } from '../base/removed.ts';
import { type EventKind, knownKind, numberIn } from '../chart/events.ts';
import { details, kindNames } from './strings.ts';

export function kindName(kind: string, format: Format): string {
  const known = knownKind(kind);
  return known === undefined ? kind : kindNames[format.language][known];
}

/** Beside a single glyph; undefined: the glyph says enough. */
export function labelOf(
  event: CaptureEvent,
  sessions: readonly SessionEntry[],
  format: Format,
): string | undefined {
  const t = details[format.language];
  const { detail } = event;
  const known = knownKind(event.kind);
  switch (known) {
    case undefined:
      return event.kind;
    case 'marker':
      return textOf(detail?.['text']) ?? removedText(event, 'text', format.language);
    case 'session_start':
      return clientWords(event, sessions, t.joined);
    case 'session_end':
      return clientWords(event, sessions, t.left);
    case 'bitrate':
      return rate(numberIn(detail, 'to_kbps'), format);
    case 'mode':
      return textOf(detail?.['to']);
    case 'loss_burst': {
      const lost = numberIn(detail, 'packets_lost');
      return lost === undefined ? undefined : t.lostLabel(format.count(lost));
    }
    case 'freeze':
    case 'suspended': {
      const ms = numberIn(detail, 'ms');
      return [kindNames[format.language][known], ...parts(time(ms, format))].join(' ');
    }
    default:
      return undefined;
  }
}

/** All that an event tells beyond its kind; empty when it is nothing. */
export function detailOf(
  event: CaptureEvent,
  sessions: readonly SessionEntry[],
  format: Format,
): string {
  const known = knownKind(event.kind);
  const own = [
    ...(known === undefined ? plain(event) : told(known, event, sessions, format)),
    ...removed(known, event, format),
  ];
  const t = details[format.language];
  const framed = known === 'invalidation' ? t.answered : t.frame;
  const frame = event.frame === undefined ? [] : [framed(format.count(event.frame))];
  return [...own, ...frame].join(' · ');
}

function told(
  kind: EventKind,
  event: CaptureEvent,
  sessions: readonly SessionEntry[],
  format: Format,
): string[] {
  const t = details[format.language];
  const { detail } = event;
  const number = (key: string): number | undefined => numberIn(detail, key);
  const counted = (key: string, words: (n: string, one: boolean) => string): string[] => {
    const n = number(key);
    return n === undefined ? [] : [words(format.count(n), n === 1)];
  };
  const timed = (key: string, words: (time: string) => string, perMs = 1): string[] => {
    const n = number(key);
    return parts(time(n === undefined ? undefined : n / perMs, format)).map(words);
  };
  switch (kind) {
    case 'marker':
      return parts(textOf(detail?.['text']));
    case 'session_start':
      return parts(clientWords(event, sessions, (client) => client));
    case 'session_end':
      return parts(textOf(detail?.['reason']));
    case 'mode':
      return change(textOf(detail?.['from']), textOf(detail?.['to']), format);
    case 'bitrate':
    case 'bitrate_advice': {
      const rates = change(
        rate(number('from_kbps'), format),
        rate(number('to_kbps'), format),
        format,
      );
      const applied = detail?.['applied'];
      const done = typeof applied === 'boolean' ? [applied ? t.applied : t.notApplied] : [];
      return [...rates, ...why(event, format), ...done];
    }
    case 'loss_burst':
      return [[...counted('packets_lost', t.packets), ...timed('interval_ms', t.within)].join(' ')];
    case 'freeze':
    case 'suspended':
      return timed('ms', (text) => text);
    case 'records_lost':
      return counted('count', t.records);
    case 'events_lost':
      return counted('lost', t.events);
    case 'source_lost':
      return timed('silent_ms', t.silent);
    case 'clock_restarted':
      return timed('late_us', t.late, 1000);
    case 'key_frame':
    case 'frame_dropped':
      return why(event, format);
    case 'invalidation':
    case 'invalidation_requested':
      return between(event, format);
    default:
      return plain(event);
  }
}

/** The text of a marker is all there was; of another event it was one thing of several. */
function removed(kind: EventKind | undefined, event: CaptureEvent, { language }: Format): string[] {
  if ((event.redacted ?? []).length === 0) return [];
  const t = removedWords[language];
  return [kind === 'marker' ? t.removed : t.text];
}

function between({ detail }: CaptureEvent, format: Format): string[] {
  const t = details[format.language];
  const [first, last] = [numberIn(detail, 'first'), numberIn(detail, 'last')];
  if (first === undefined || last === undefined) return [];
  const [a, b] = [format.count(first), format.count(last)];
  return [first === last ? t.frame(a) : t.frames(a, b)];
}

/** Reasons of this version in words; others as the host wrote them. */
function why({ detail }: CaptureEvent, format: Format): string[] {
  const reason = textOf(detail?.['why']);
  if (reason === undefined) return [];
  const t = details[format.language];
  switch (reason) {
    case 'first':
    case 'requested':
    case 'invalidation':
    case 'encoder':
    case 'queue_full':
    case 'oversize':
    case 'delay':
    case 'loss':
    case 'host_send':
    case 'clean':
      return [t[reason]];
    default:
      return [reason];
  }
}

const plain = ({ detail }: CaptureEvent): string[] =>
  Object.entries(detail ?? {}).map(([name, value]) => `${name} ${String(value)}`);

function change(from: string | undefined, to: string | undefined, format: Format): string[] {
  if (from === undefined || to === undefined) return parts(to ?? from);
  return [details[format.language].change(from, to)];
}

function clientWords(
  { session_id }: CaptureEvent,
  sessions: readonly SessionEntry[],
  words: (client: string) => string,
): string | undefined {
  const client = sessions.find((one) => one.session_id === session_id)?.client ?? '';
  return client === '' ? undefined : words(client);
}

const rate = (kbps: number | undefined, format: Format): string | undefined =>
  kbps === undefined ? undefined : format.unit(format.tenth(kbps / 1000), 'Mb/s');

/** Milliseconds below a second, else seconds. */
function time(ms: number | undefined, format: Format): string | undefined {
  if (ms === undefined) return undefined;
  return ms < 1000 ? format.unit(format.ms(ms), 'ms') : format.unit(format.tenth(ms / 1000), 's');
}

const textOf = (value: unknown): string | undefined =>
  value === undefined || value === '' ? undefined : String(value);

const parts = (text: string | undefined): string[] => (text === undefined ? [] : [text]);
