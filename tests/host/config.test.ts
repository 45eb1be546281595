import { describe, expect, test } from 'bun:test';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ConfigInput, configurationMarkdown, loadConfig } from '../../host/src/config.ts';
import { temporaryFolder } from '../support/fake-host.ts';

const DOC = join(import.meta.dir, '../../docs/configuration.md');

function load(input: Partial<ConfigInput>) {
  return loadConfig({ flags: {}, env: {}, homeDir: undefined, ...input });
}

function withFile(content: string): Readonly<Record<string, string>> {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'config.json'), content);
  return { PUNKTFUNK_CONFIG_DIR: folder };
}

describe('settings', () => {
  test('have their documented defaults', () => {
    expect(load({})).toEqual({
      configDir: undefined,
      apiHost: '127.0.0.1',
      apiPort: 47990,
      apiHosts: [],
      apiOrigins: [],
      gamestreamPort: 47989,
      gamestreamHost: undefined,
      hostName: undefined,
      discovery: true,
      source: 'auto',
      maxSessions: 4,
      encryption: 'lan-optional',
      oldClients: 'lan',
      autoBitrate: false,
      blackBox: true,
      recordingsKeep: 200,
      recordingsDays: 0,
      recordingsMb: 2048,
      metrics: false,
      perf: false,
      fecPct: 20,
      videoDropPct: 0,
      dscp: false,
      linkMbps: undefined,
      logFormat: 'auto',
      logLevel: 'info',
    });
  });

  test('come from flag, then environment, then file', () => {
    const file = withFile('{"api_port": 1, "fec_pct": 1, "gamestream_port": 2000}');
    const config = load({
      flags: { 'api-port': '3' },
      env: { ...file, PUNKTFUNK_API_PORT: '2', PUNKTFUNK_FEC_PCT: '2' },
    });
    expect([config.apiPort, config.fecPct, config.gamestreamPort]).toEqual([3, 2, 2000]);
  });

  test('of recordings come from wherever a setting may stand', () => {
    const file = withFile('{"black_box": "off", "recordings_mb": 100, "metrics": true}');
    const config = load({
      flags: { 'recordings-keep': '0', metrics: 'off' },
      env: { ...file, PUNKTFUNK_RECORDINGS_DAYS: '30' },
    });
    expect(config).toMatchObject({
      blackBox: false,
      recordingsKeep: 0,
      recordingsDays: 30,
      recordingsMb: 100,
      metrics: false,
    });
  });

  test('an empty variable counts as unset', () => {
    expect(load({ env: { PUNKTFUNK_FEC_PCT: '' } }).fecPct).toBe(20);
  });

  test('that are wrong say which, what and what would be right', () => {
    const wrong: [ConfigInput['env'], string][] = [
      [{ PUNKTFUNK_BLACK_BOX: 'yes' }, 'PUNKTFUNK_BLACK_BOX is "yes"; it must be on or off.'],
      [
        { PUNKTFUNK_RECORDINGS_KEEP: '-1' },
        'PUNKTFUNK_RECORDINGS_KEEP is "-1"; it must be a number from 0 to 1000000.',
      ],
      [
        { PUNKTFUNK_API_PORT: '70000' },
        'PUNKTFUNK_API_PORT is "70000"; it must be a number from 0 to 65535.',
      ],
      [{ PUNKTFUNK_API_PORT: '1.5' }, 'PUNKTFUNK_API_PORT'],
      [{ PUNKTFUNK_FEC_PCT: '-1' }, 'PUNKTFUNK_FEC_PCT'],
      [{ PUNKTFUNK_FEC_PCT: '256' }, 'PUNKTFUNK_FEC_PCT'],
      [{ PUNKTFUNK_FEC_PCT: '1e2' }, 'PUNKTFUNK_FEC_PCT'],
      [{ PUNKTFUNK_VIDEO_DROP: '101' }, 'PUNKTFUNK_VIDEO_DROP'],
      [{ PUNKTFUNK_PERF: 'yes' }, 'PUNKTFUNK_PERF is "yes"; it must be 0 or 1.'],
      [{ PUNKTFUNK_API_ORIGINS: 'example.org' }, 'PUNKTFUNK_API_ORIGINS'],
      [{ PUNKTFUNK_API_ORIGINS: 'https://a.example/path' }, 'PUNKTFUNK_API_ORIGINS'],
      [{ PUNKTFUNK_API_ORIGINS: '*' }, 'PUNKTFUNK_API_ORIGINS'],
      [{ PUNKTFUNK_ENCRYPTION: 'on' }, 'it must be off, lan-optional or required.'],
      [{ PUNKTFUNK_OLD_CLIENTS: 'no' }, 'it must be refuse, lan or allow.'],
      [{ PUNKTFUNK_AUTO_BITRATE: '1' }, 'it must be on or off.'],
      [{ PUNKTFUNK_MAX_SESSIONS: '0' }, 'PUNKTFUNK_MAX_SESSIONS'],
      [{ PUNKTFUNK_GAMESTREAM_HOST: 'localhost' }, 'it must be an IP address.'],
      [{ PUNKTFUNK_HOST_NAME: 'a\nb' }, 'PUNKTFUNK_HOST_NAME'],
      [withFile('{"api_port": "x"}'), 'config.json: api_port'],
      [withFile('{"api_prot": 1}'), 'unknown setting "api_prot"'],
      [withFile('{'), 'is not JSON'],
      [withFile('[]'), 'must hold one JSON object'],
    ];
    for (const [env, message] of wrong) expect(() => load({ env })).toThrow(message);
  });

  test('origins are split and normalised', () => {
    const env = { PUNKTFUNK_API_ORIGINS: ' https://steamloopback.host, http://localhost:8080/ ,' };
    expect(load({ env }).apiOrigins).toEqual([
      'https://steamloopback.host',
      'http://localhost:8080',
    ]);
  });

  test('an extension’s pages are an origin too, and nothing else that is not the web', () => {
    const extension = 'chrome-extension://lhpkmpccednapiifkjpebglhlfnbcgce';
    expect(load({ env: { PUNKTFUNK_API_ORIGINS: extension } }).apiOrigins).toEqual([extension]);
    for (const wrong of ['chrome-extension://', `${extension}/panel.html`, 'file:///', 'null']) {
      expect(() => load({ env: { PUNKTFUNK_API_ORIGINS: wrong } })).toThrow('origins such as');
    }
  });
});

describe('the config directory', () => {
  test('is the named one, else below XDG_CONFIG_HOME, HOME or the account’s home', () => {
    const dir = (env: ConfigInput['env'], homeDir?: string) => load({ env, homeDir }).configDir;
    expect(dir({ PUNKTFUNK_CONFIG_DIR: '/a', XDG_CONFIG_HOME: '/b', HOME: '/c' })).toBe('/a');
    expect(dir({ XDG_CONFIG_HOME: '/b', HOME: '/c' })).toBe('/b/punktfunk');
    expect(dir({ HOME: '/c' })).toBe('/c/.config/punktfunk');
    expect(dir({}, '/d')).toBe('/d/.config/punktfunk');
    expect(dir({})).toBeUndefined();
  });
});

test('docs/configuration.md holds the table as it is (UPDATE_EXPECT=1 rewrites it)', () => {
  const { UPDATE_EXPECT } = process.env;
  const mark = '<!-- table -->\n';
  const text = readFileSync(DOC, 'utf8');
  const [before = '', , after = ''] = text.split(mark);
  const expected = [before, configurationMarkdown(), after].join(mark);
  if (UPDATE_EXPECT === '1') writeFileSync(DOC, expected);
  expect(readFileSync(DOC, 'utf8')).toBe(expected);
});
