// The API beyond loopback, seen by somebody who listens on the cable: no token in clear, and nothing without TLS.
import { describe, expect, test } from 'bun:test';
import { createHash, X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { $ } from 'bun';
import { missingExecutable, run, startHost, temporaryFolder } from '../support/host.ts';
import { missingNetwork, Network } from '../support/network.ts';

const missing = missingExecutable || missingNetwork;
/** Writes every frame that passes a device to a file until it is told to stop. */
const LISTENER = `
import socket, sys
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
s.bind((sys.argv[1], 0))
print("listening", flush=True)
with open(sys.argv[2], "wb", buffering=0) as out:
    while True:
        out.write(s.recv(65536))
`;

describe.skipIf(missing !== '')(`the API on a network${missing}`, () => {
  test('a listener on the cable sees no token, and plain HTTP gets nothing', async () => {
    await using network = await Network.create();
    const folder = temporaryFolder();
    const frames = join(folder, 'frames');
    const host = await startHost({
      wrapper: network.host.wrapper,
      args: ['--source', 'synthetic', '--discovery', 'off', '--api-host', '0.0.0.0'],
    });
    const listener = Bun.spawn(
      [
        ...network.client.wrapper,
        '/usr/bin/python3',
        '-c',
        LISTENER,
        network.client.device,
        frames,
      ],
      { stdin: 'ignore', stdout: 'pipe', stderr: 'inherit' },
    );
    try {
      await listener.stdout.getReader().read();
      const port = new URL(host.address).port;
      const { address } = network.host;
      const certificate = join(folder, 'host.pem');
      const shown =
        await $`${network.client.wrapper} openssl s_client -connect ${address}:${port} -showcerts < /dev/null`.quiet();
      const pem = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/.exec(
        shown.stdout.toString(),
      )?.[0];
      await Bun.write(certificate, `${pem}\n`);

      // What `doctor` shows is what the network shows.
      const fingerprint = createHash('sha256')
        .update(new X509Certificate(pem ?? '').raw)
        .digest('hex');
      const doctor = await run(['doctor', '--json'], {
        env: { PATH: '/usr/bin:/bin', PUNKTFUNK_CONFIG_DIR: host.configDir },
      });
      expect(doctor.stdout.replaceAll(':', '').toLowerCase()).toContain(fingerprint);

      const curl = (scheme: string, ...more: string[]) =>
        $`${network.client.wrapper} curl -s -o - -w ${'%{http_code}'} -m 5 --insecure -H ${`Authorization: Bearer ${host.token}`} ${more} ${scheme}://${address}:${port}/api/v1/host`
          .quiet()
          .nothrow();
      const secure = await curl('https');
      expect(secure.stdout.toString()).toEndWith('200');
      expect(secure.stdout.toString()).toContain('"gamestream_port"');

      // Over TLS the token passed the cable, and nobody can read it there.
      await Bun.sleep(200);
      const seen = Buffer.from(await Bun.file(frames).arrayBuffer());
      expect(seen.byteLength).toBeGreaterThan(2000);
      expect(seen.includes(host.token)).toBe(false);
      expect(seen.includes('gamestream_port')).toBe(false);

      const plain = await curl('http');
      expect(plain.stdout.toString()).not.toContain('gamestream_port');
      expect(plain.stdout.toString()).toMatch(/(000|400)$/);
    } finally {
      listener.kill();
      await listener.exited;
      await host.end();
    }
  }, 60_000);
});
