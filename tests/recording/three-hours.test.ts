import { expect, test } from 'bun:test';
import { join } from 'node:path';
import Type from 'typebox';
import { Value } from 'typebox/value';

const Report = Type.Object({
  frames: Type.Integer(),
  counted: Type.Integer(),
  samples: Type.Integer(),
  truncated: Type.Boolean(),
  cpuSeconds: Type.Number(),
  heldMb: Type.Number(),
  peakMb: Type.Number(),
  textMb: Type.Number(),
});

test('three hours at 240 fps stay within 60 MB and 20 s of processor time', async () => {
  const script = join(import.meta.dir, '../support/three-hours.ts');
  const child = Bun.spawn([process.execPath, script], { stdout: 'pipe', stderr: 'inherit' });
  const report: unknown = JSON.parse(await new Response(child.stdout).text());
  if (!Value.Check(Report, report)) throw new Error(`not a report: ${JSON.stringify(report)}`);
  expect(report).toMatchObject({
    frames: 2_592_000,
    counted: 2_592_000,
    samples: 10_800,
    truncated: false,
  });
  expect(report.heldMb).toBeLessThan(60);
  expect(report.peakMb).toBeLessThan(60);
  expect(report.cpuSeconds).toBeLessThan(20);
}, 180_000);
