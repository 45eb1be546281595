// Benchmarks talk; only their well-formed rows count.
import { expect, test } from 'bun:test';
import { readRows, table } from '../../scripts/lib/bench-rows.ts';

const OUTPUT = `warming up …
{"name":"send against send()","ratio":0.18,"target":0.25,"ok":true}
{"name":"broken"
{"name":"no verdict","ratio":1,"target":1}
  {"name":"idle memory","ratio":1.1,"target":1,"ok":false,"detail":"88.0 of 80 MB RSS"}
done`;

test('reads rows among other output and leaves out what is none', () => {
  expect(readRows(OUTPUT)).toEqual([
    { name: 'send against send()', ratio: 0.18, target: 0.25, ok: true },
    { name: 'idle memory', ratio: 1.1, target: 1, ok: false, detail: '88.0 of 80 MB RSS' },
  ]);
});

test('prints one aligned line a row and names what was missed', () => {
  const lines = table(readRows(OUTPUT)).split('\n');
  expect(lines).toHaveLength(3);
  expect(lines[1]).toMatch(/^send against send\(\)\s+0\.180\s+0\.25 {2}ok$/);
  expect(lines[2]).toMatch(/^idle memory\s+1\.100\s+1 {2}MISSED {2}88\.0 of 80 MB RSS$/);
});
