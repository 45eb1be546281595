// Publishes a host in mDNS until its standard input ends: run in a network namespace of a test.
// Arguments: name, unique id, HTTP port, what it listens on.
import { systemClock } from '../../host/src/clock.ts';
import { Discovery } from '../../host/src/discovery/discovery.ts';
import { Logger } from '../../host/src/log.ts';

const [name = '', uniqueId = '', port = '', listens = '::'] = process.argv.slice(2);
const discovery = new Discovery({
  name,
  uniqueId,
  httpPort: Number(port),
  listens,
  log: new Logger({
    format: 'text',
    level: 'debug',
    write: (line) => {
      process.stderr.write(line);
    },
    now: Date.now,
  }),
  clock: systemClock,
});
await discovery.start();
process.stdout.write(`${discovery.instance}\n`);
for await (const _ of process.stdin) {
  // Nothing is said to it; its end is the signal.
}
await discovery.stop();
process.exit(0);
