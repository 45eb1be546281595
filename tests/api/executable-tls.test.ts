// The built program with its API beyond loopback: TLS alone, and commands that know their host.
import { describe, expect, test } from 'bun:test';
import { cleanEnv, missingExecutable, run, startHost, temporaryFolder } from '../support/host.ts';

describe.skipIf(missingExecutable !== '')(`the executable${missingExecutable}`, () => {
  test('beyond loopback it speaks TLS alone, and its commands know its certificate', async () => {
    const host = await startHost({ args: ['--api-host', '0.0.0.0'] });
    try {
      const { port } = new URL(host.address);
      expect(host.address).toBe(`https://127.0.0.1:${port}`);
      const plain = fetch(`http://127.0.0.1:${port}/api/v1/health`);
      await expect(plain).rejects.toThrow();
      const env = { ...cleanEnv(), PUNKTFUNK_CONFIG_DIR: host.configDir };
      const flags = ['--api-host', '0.0.0.0', '--api-port', port];
      const made = await run(['token', 'create', '--scope', 'stats', '--name', 'x', ...flags], {
        env,
      });
      expect([made.code, made.stdout.startsWith('pf_')]).toEqual([0, true]);
      expect(host.stderr()).not.toContain(made.stdout.trim());
      const stranger = { ...env, PUNKTFUNK_CONFIG_DIR: temporaryFolder() };
      await run(['token'], { env: stranger });
      const refused = await run(['clients', ...flags], { env: stranger });
      expect([refused.code, refused.stdout]).toEqual([3, '']);
    } finally {
      expect(await host.end()).toBe(0);
    }
  }, 30_000);
});
