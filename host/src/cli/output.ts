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
  const widths = heading.map((_, i) => Math.max(...cells.map((row) => row[i]?.length ?? 0)));
  const [first = '', ...rest] = cells.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
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
