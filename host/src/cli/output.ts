// How commands print lists: a table for people, JSON for programs. Text of peers cannot move the cursor or colour
// anything; only the heading of a table at a terminal has a style, and none with NO_COLOR.
import type { CliContext } from './command.ts';

/** Rows under a heading; `empty` when there are none. */
export function tableText(
  context: CliContext,
  heading: readonly string[],
  rows: readonly (readonly string[])[],
  empty: string,
): string {
  if (rows.length === 0) return `${empty}\n`;
  const cells = [heading, ...rows].map((row) => row.map(plain));
  const widths = heading.map((_, i) =>
    Math.max(...cells.map((row) => Bun.stringWidth(row[i] ?? ''))),
  );
  const [first = '', ...rest] = cells.map((row) =>
    row
      .map((cell, i) => cell + ' '.repeat(Math.max(0, (widths[i] ?? 0) - Bun.stringWidth(cell))))
      .join('  ')
      .trimEnd(),
  );
  const { NO_COLOR } = context.env;
  const styled = context.outIsTerminal && !NO_COLOR ? `\x1b[1m${first}\x1b[0m` : first;
  return `${[styled, ...rest].join('\n')}\n`;
}

/** One JSON value on one line. */
export function jsonText(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}

/** A peer’s text without control characters. */
export function plain(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '?');
}

/** At most so many columns, as a terminal counts them; what is cut ends in “…”. */
export function fitted(text: string, width: number): string {
  if (Bun.stringWidth(text) <= width) return text;
  let kept = '';
  let left = width - 1;
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    left -= Bun.stringWidth(segment);
    if (left < 0) break;
    kept += segment;
  }
  return `${kept.trimEnd()}…`;
}

/** How much of a line may be used. */
export function columnsOf({ columns = PIPED_COLUMNS }: CliContext): number {
  return Math.max(columns, LEAST_COLUMNS);
}

/** Words on as many lines as they need; the second and later ones are indented. A longer word has a line of its own. */
export function wrapped(text: string, width: number, indent: string): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.match(/ *[^ ]+/g) ?? []) {
    const longer = line + word;
    if (line !== '' && Bun.stringWidth(longer) > width) {
      lines.push(line);
      line = indent + word.trimStart();
    } else line = longer;
  }
  return [...lines, line].join('\n');
}

/** “0:05.2” below a minute, else “12:03” or “2:00:00”. */
export function clockText(ms: number): string {
  const tenths = Math.round(ms / 100);
  if (tenths < 600) return `0:${(tenths / 10).toFixed(1).padStart(4, '0')}`;
  const seconds = Math.round(ms / 1000);
  const two = (value: number): string => String(value).padStart(2, '0');
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return hours === 0
    ? `${minutes}:${two(seconds % 60)}`
    : `${hours}:${two(minutes)}:${two(seconds % 60)}`;
}

/** “34.5 MB”, in thousands. */
export function byteText(bytes: number): string {
  const step = [1e9, 1e6, 1e3].findIndex((size) => bytes >= size);
  if (step < 0) return `${bytes} B`;
  const size = [1e9, 1e6, 1e3][step] ?? 1;
  return `${(bytes / size).toFixed(bytes / size < 100 ? 1 : 0)} ${['GB', 'MB', 'kB'][step]}`;
}

/** “3 min ago”; “–” for what never was. */
export function ago(unixMs: number | undefined, nowUnixMs: number): string {
  if (unixMs === undefined) return '–';
  const seconds = Math.max(0, Math.round((nowUnixMs - unixMs) / 1000));
  const [count, unit] =
    seconds < 90
      ? [seconds, 's']
      : seconds < 90 * 60
        ? [Math.round(seconds / 60), 'min']
        : seconds < 36 * 3600
          ? [Math.round(seconds / 3600), 'h']
          : [Math.round(seconds / 86_400), 'd'];
  return `${count} ${unit} ago`;
}

const PIPED_COLUMNS = 80;
/** Below it tables are cut by the terminal rather than by us. */
const LEAST_COLUMNS = 40;
