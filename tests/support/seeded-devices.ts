// A living room's devices for tests and pictures of the page: four paired, three streams of which one is an old client,
// tokens of a script and a plugin.
import type { PageDevices } from './page-devices.ts';

/** 21 August 2026, 20:31 in Berlin: the day of the seeded recordings. */
const NOW = Date.UTC(2026, 7, 21, 18, 31, 7);
const DAY_MS = 86_400_000;

export function furnish(devices: PageDevices): void {
  const deck = devices.pair('Deck OLED', {
    address: '192.168.1.42',
    paired_unix_ms: NOW - 60 * DAY_MS,
    last_seen_unix_ms: NOW,
    may_end: true,
    connected: true,
  });
  const tv = devices.pair('Wohnzimmer-TV', {
    address: '192.168.1.51',
    paired_unix_ms: NOW - 41 * DAY_MS,
    last_seen_unix_ms: NOW,
    connected: true,
  });
  devices.pair('Pixel 9', {
    address: '192.168.1.77',
    paired_unix_ms: NOW - 9 * DAY_MS,
    last_seen_unix_ms: NOW - 2 * DAY_MS,
  });
  devices.pair('Old laptop', { address: '192.168.1.80', paired_unix_ms: NOW - 200 * DAY_MS });
  devices.app = { title: 'Desktop', launched_by: 'Deck OLED', since_unix_ms: NOW - 840_000 };
  devices.stream({
    client: 'Deck OLED',
    client_id: deck.client_id,
    width: 1280,
    height: 800,
    fps: 90,
    started_unix_ms: NOW - 840_000,
  });
  devices.stream({
    client: 'Wohnzimmer-TV',
    client_id: tv.client_id,
    address: '192.168.1.51',
    encryption: { control: 'weak', video: false, audio: false },
    network: { rtt_us: 11_400, packets_lost: 498, packets_recovered: 41 },
    bitrate_kbps: 38_900,
    started_unix_ms: NOW - 61_000,
  });
  devices.tokens.push(
    {
      token_id: 'backup',
      name: 'recordings backup',
      scope: 'stats',
      created_unix_ms: NOW - 30 * DAY_MS,
      last_used_unix_ms: NOW - 3_600_000,
      builtin: false,
    },
    {
      token_id: 'deck',
      name: 'Decky plugin',
      scope: 'host:read',
      created_unix_ms: NOW - 12 * DAY_MS,
      builtin: false,
    },
  );
}
