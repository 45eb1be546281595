// What a line of search asks for, and whether a recording is it: words anywhere in what people read of it, and
// `codec:hevc client:deck app:x tag:y kind:native verdict:clean starred: >30m <5m >100mb`, each with a - before it for the
// opposite. What is known only once a recording was looked into is undecided until then. Pure.
import type { CaptureMeta } from '../../contract/stats.ts';

/** What a recording's windows told; undefined until they were read. */
export interface Told {
  /** Every word that its verdict goes by. */
  readonly verdict: readonly string[];
  readonly apps: readonly string[];
}

const FIELDS = ['codec', 'client', 'app', 'tag', 'kind', 'verdict'] as const;
type Field = (typeof FIELDS)[number];

export type Term = { readonly not: boolean } & (
  | { readonly about: 'text' | Field; readonly value: string }
  | { readonly about: 'starred' }
  | { readonly about: 'length' | 'size'; readonly over: boolean; readonly than: number }
);

/** What nobody knows as a key is looked for as it stands. */
export function parseSearch(line: string): readonly Term[] {
  const terms: Term[] = [];
  for (const [, minus = '', word = ''] of line.matchAll(/(?:^|\s)(-?)((?:[^\s"]|"[^"]*"?)+)/g)) {
    const not = minus !== '';
    const bound = boundOf(word);
    if (bound !== undefined) {
      terms.push({ not, ...bound });
      continue;
    }
    const colon = word.indexOf(':');
    const key = folded(word.slice(0, Math.max(0, colon)));
    const value = folded(unquoted(word.slice(colon + 1)));
    if (key === 'starred') {
      terms.push({ not: not !== NO.includes(value), about: 'starred' });
      continue;
    }
    const field = FIELDS.find((one) => one === key);
    // A key with nothing behind it yet is somebody typing.
    if (field !== undefined && value !== '') terms.push({ not, about: field, value });
    else if (field === undefined) terms.push({ not, about: 'text', value: folded(unquoted(word)) });
  }
  return terms;
}

/** Undefined: cannot be said before it was looked into. */
export function matches(
  meta: CaptureMeta,
  terms: readonly Term[],
  told: Told | undefined,
): boolean | undefined {
  let isSure = true;
  for (const term of terms) {
    const is = holds(meta, term, told);
    if (is === term.not) return false;
    if (is === undefined) isSure = false;
  }
  return isSure ? true : undefined;
}

/** Lower case, without accents: what a hand types in a hurry. */
export function folded(text: string): string {
  return text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
}

/** A word as it has to stand in a line of search. */
export function quoted(key: string, value: string): string {
  const plain = value.replaceAll('"', '');
  return /\s/.test(plain) ? `${key}:"${plain}"` : `${key}:${plain}`;
}

function holds(meta: CaptureMeta, term: Term, told: Told | undefined): boolean | undefined {
  switch (term.about) {
    case 'text':
      return factsOf(meta).text.includes(term.value);
    case 'codec':
      return factsOf(meta).codec.startsWith(codecKey(term.value));
    case 'client':
      return factsOf(meta).client.includes(term.value);
    case 'kind':
      return meta.kind.startsWith(term.value);
    case 'tag':
      return factsOf(meta).tags.some((tag) => tag.startsWith(term.value));
    case 'starred':
      return meta.starred === true;
    case 'app':
      return told?.apps.some((app) => folded(app).includes(term.value));
    case 'verdict':
      return told?.verdict.some((word) => folded(word).startsWith(term.value));
    case 'length':
      return compared(meta.duration_ms, term);
    case 'size':
      // Of unknown size: neither larger nor smaller.
      return meta.bytes === undefined ? term.not : compared(meta.bytes, term);
  }
}

function compared(value: number, { over, than }: { over: boolean; than: number }): boolean {
  return over ? value > than : value < than;
}

interface Facts {
  readonly text: string;
  readonly codec: string;
  readonly client: string;
  readonly tags: readonly string[];
}

/** A thousand recordings are searched with every key: each is folded once. */
const known = new WeakMap<CaptureMeta, Facts>();

function factsOf(meta: CaptureMeta): Facts {
  const there = known.get(meta);
  if (there !== undefined) return there;
  const tags = (meta.tags ?? []).map(folded);
  const client = folded(meta.client);
  const words = [meta.name ?? '', meta.note ?? '', meta.id, meta.damaged?.file ?? ''].map(folded);
  const text = [...words, client, ...tags].join('\n');
  const made = { text, codec: codecKey(meta.codec), client, tags };
  known.set(meta, made);
  return made;
}

/** H.265 is called HEVC here. */
function codecKey(name: string): string {
  const plain = name.replaceAll('.', '');
  return plain.startsWith('h265') ? 'hevc' : plain === 'avc' ? 'h264' : plain;
}

function boundOf(
  word: string,
): { about: 'length' | 'size'; over: boolean; than: number } | undefined {
  const found = /^([<>])(\d+(?:[.,]\d+)?)(s|m|min|h|kb|mb|gb)$/i.exec(word);
  if (found === null) return undefined;
  const [, sign, amount = '', unit = ''] = found;
  const [about, factor] = UNITS[unit.toLowerCase()] ?? ['length', 60_000];
  return { about, over: sign === '>', than: Number(amount.replace(',', '.')) * factor };
}

const unquoted = (text: string): string => text.replaceAll('"', '');

const UNITS: Readonly<Record<string, readonly ['length' | 'size', number]>> = {
  s: ['length', 1000],
  m: ['length', 60_000],
  min: ['length', 60_000],
  h: ['length', 3_600_000],
  kb: ['size', 1e3],
  mb: ['size', 1e6],
  gb: ['size', 1e9],
};
const NO: readonly string[] = ['no', 'nein', 'false', '0'];
