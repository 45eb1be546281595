// A process that streams into a black box and is killed while it does. Argument: captures/. Says what it wrote.

import { realDisk } from '../../host/src/recordings/disk.ts';
import { LiveBlackBox } from '../../host/src/recordings/live-black-box.ts';
import { systemProcesses } from '../../host/src/recordings/processes.ts';
import { RunWriter } from '../../host/src/recordings/run-writer.ts';
import { announced, SECOND, START_NS, stream } from './black-box.ts';

const folder = process.argv[2] ?? '';
const quiet = () => undefined;
const log = { debug: quiet, info: quiet, warn: quiet, error: quiet };
const { pid, startTicks, bootId } = systemProcesses().self;
let nowNs = START_NS;
const box = new LiveBlackBox({
  mode: 'on',
  saver: { freshStem: () => 'never', save: quiet },
  recordings: { list: () => [], remove: quiet },
  runWriter: new RunWriter({
    path: `${folder}/.black-box.${pid}`,
    header: {
      ...{ pid, version: '1.2.3', started_unix_ms: Date.now(), nonce: 7 },
      ...(startTicks === undefined ? {} : { start_ticks: startTicks }),
      ...(bootId === undefined ? {} : { boot_id: bootId }),
    },
    ...{ disk: realDisk, nowUnixMs: Date.now, log },
  }),
  nowNs: () => nowNs,
  nowUnixMs: Date.now,
  after: () => quiet,
  log,
});
box.take(announced());
let frame = 1;
// For ever, much faster than real: whenever it is killed, it is in the middle of something.
for (;;) {
  for (const step of stream(nowNs, 1, { firstIndex: frame })) {
    box.take(step.input);
    nowNs = step.nowNs;
    box.tick(nowNs, false);
  }
  frame += 60;
  if (frame % 600 === 1) process.stdout.write(`${(nowNs - START_NS) / SECOND}\n`);
  await Bun.sleep(1);
}
