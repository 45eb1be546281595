// A client's side of mDNS in a network namespace of a test: asks for GameStream hosts and prints every record it hears, a
// line of JSON each, until its standard input ends. Arguments: own address, `multicast` or `simple` (a port of its own).
import { createSocket, type Socket } from 'node:dgram';
import multicastDns from 'multicast-dns';

const [address = '', way = 'multicast'] = process.argv.slice(2);
const mdns = multicastDns(
  way === 'simple'
    ? { socket: await simpleSocket(), bind: false, multicast: false }
    : { interface: address, bind: '0.0.0.0' },
);
mdns.on('response', ({ answers, additionals }: multicastDns.ResponsePacket) => {
  const records = { answers, additionals };
  for (const [section, list] of Object.entries(records)) {
    for (const record of list ?? []) {
      // TXT holds buffers: as their lengths.
      const data =
        record.type === 'TXT'
          ? [record.data].flat().map((part) => Buffer.from(part).length)
          : 'data' in record
            ? record.data
            : undefined;
      process.stdout.write(`${JSON.stringify({ ...record, data, section })}\n`);
    }
  }
});
const ask = (): void => mdns.query('_nvstream._tcp.local', 'PTR');
ask();
const again = setInterval(ask, 500);
for await (const _ of process.stdin) {
  // Its end is the signal.
}
clearInterval(again);
process.exit(0);

function simpleSocket(): Promise<Socket> {
  const socket = createSocket('udp4');
  return new Promise((resolve) => {
    socket.bind(0, address, () => {
      socket.setMulticastInterface(address);
      resolve(socket);
    });
  });
}
