// The one line that every benchmark prints a goal, and the table that people read. Pure.

/** A ratio against an anchor of the same run, or a measured share of an allowed amount (target 1, amounts in `detail`). */
export type Row = {
  readonly name: string;
  readonly ratio: number;
  readonly target: number;
  readonly ok: boolean;
  readonly detail?: string;
};

/** The rows among the lines of a benchmark's output; other lines are talk. */
export function readRows(output: string): Row[] {
  return output.split('\n').flatMap((line) => {
    const row = line.trimStart().startsWith('{') ? parseRow(line) : undefined;
    return row === undefined ? [] : [row];
  });
}

/** Aligned columns; whether the target is a ceiling or a floor is the benchmark's to know, so `ok` is its word. */
export function table(rows: readonly Row[]): string {
  const width = Math.max(4, ...rows.map(({ name }) => name.length));
  const head = `${'goal'.padEnd(width)}  ${'ratio'.padStart(9)}  ${'target'.padStart(8)}`;
  const lines = rows.map(({ name, ratio, target, ok, detail }) => {
    const figures = `${ratio.toFixed(3).padStart(9)}  ${String(target).padStart(8)}`;
    return `${name.padEnd(width)}  ${figures}  ${ok ? 'ok' : 'MISSED'}${detail === undefined ? '' : `  ${detail}`}`;
  });
  return [head, ...lines].join('\n');
}

function parseRow(line: string): Row | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  if (!('name' in value && 'ratio' in value && 'target' in value && 'ok' in value))
    return undefined;
  const { name, ratio, target, ok } = value;
  if (typeof name !== 'string' || typeof ratio !== 'number' || typeof target !== 'number')
    return undefined;
  if (typeof ok !== 'boolean') return undefined;
  const detail =
    'detail' in value && typeof value.detail === 'string' ? { detail: value.detail } : {};
  return { name, ratio, target, ok, ...detail };
}
