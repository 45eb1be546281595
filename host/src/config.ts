// Every setting in one table: flag > environment > config.json > default. The table also makes docs/configuration.md
// and the help texts. Reads files and the environment it is given; creates nothing.
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { reasonOf, systemCode } from './errors.ts';

/** A wrong value, and where it came from: exit code 2. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

export type SourceSetting = 'auto' | 'synthetic' | 'x11' | 'wlroots';
/** `lan-optional`: as the client wants on the local network, required from elsewhere. */
export type EncryptionPolicy = 'off' | 'lan-optional' | 'required';
/** Who may come with the weaker encryption of clients from 2023 and before. */
export type OldClients = 'refuse' | 'lan' | 'allow';

/** On one line; what becomes of other characters in XML and mDNS is nobody's wish. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
const NAME = /^[^\u0000-\u001f\u007f-\u009f]{1,63}$/u;

export type SettingSource = 'flag' | 'env' | 'file' | 'default';
type Value = string | number | boolean | readonly string[] | undefined;

interface Setting<T extends Value> {
  readonly flag?: string;
  readonly env?: string;
  readonly file?: string;
  readonly default: T;
  /** Shown in the docs: what a value looks like. */
  readonly type: string;
  readonly doc: string;
  /** Throws a sentence that begins after "… is …". */
  readonly parse: (text: unknown) => T;
}

/** The table. */
export const settings = {
  apiHost: setting({
    flag: 'api-host',
    env: 'PUNKTFUNK_API_HOST',
    file: 'api_host',
    default: '127.0.0.1',
    type: 'address',
    doc: 'Address of the operator’s API and page. Beyond loopback (`0.0.0.0`) they are served over HTTPS alone, with the host’s own certificate; `doctor` shows its fingerprint.',
    parse: text(/^[A-Za-z0-9.:[\]-]+$/, 'an address or localhost'),
  }),
  apiPort: setting({
    flag: 'api-port',
    env: 'PUNKTFUNK_API_PORT',
    file: 'api_port',
    default: 47990,
    type: 'port',
    doc: 'Port of the operator’s API and page; 0 takes a free one.',
    parse: integer(0, 65_535),
  }),
  apiHosts: setting<readonly string[]>({
    env: 'PUNKTFUNK_API_HOSTS',
    file: 'api_hosts',
    default: [],
    type: 'names, separated by commas',
    doc: 'Further names under which the API may be called, e.g. behind a relay: `tv.example` or `tv.example:8443`.',
    parse: hostNames,
  }),
  apiOrigins: setting<readonly string[]>({
    env: 'PUNKTFUNK_API_ORIGINS',
    file: 'api_origins',
    default: [],
    type: 'origins, separated by commas',
    doc: 'Pages of other origins that may call the API and embed the elements, e.g. `https://steamloopback.host`.',
    parse: origins,
  }),
  gamestreamPort: setting({
    flag: 'gamestream-port',
    env: 'PUNKTFUNK_GAMESTREAM_PORT',
    file: 'gamestream_port',
    default: 47989,
    type: 'port',
    doc: 'Base port of GameStream; HTTPS lies 5 below it and RTSP 21 above it.',
    parse: integer(1029, 65_514),
  }),
  gamestreamHost: setting<string | undefined>({
    flag: 'gamestream-host',
    env: 'PUNKTFUNK_GAMESTREAM_HOST',
    file: 'gamestream_host',
    default: undefined,
    type: 'IP address',
    doc: 'Address that GameStream listens on. Without it: every address of the machine, IPv4 and IPv6.',
    parse: address,
  }),
  hostName: setting<string | undefined>({
    flag: 'host-name',
    env: 'PUNKTFUNK_HOST_NAME',
    file: 'host_name',
    default: undefined,
    type: 'text',
    doc: 'Name that clients show. Without it: the machine’s.',
    parse: text(NAME, '1 to 63 characters on one line'),
  }),
  discovery: setting({
    flag: 'discovery',
    env: 'PUNKTFUNK_DISCOVERY',
    file: 'discovery',
    default: true,
    type: 'on or off',
    doc: 'Whether clients on the local network find the host by themselves (mDNS).',
    parse: onOff,
  }),
  source: setting<SourceSetting>({
    flag: 'source',
    env: 'PUNKTFUNK_SOURCE',
    file: 'source',
    default: 'auto',
    type: 'auto, synthetic, x11 or wlroots',
    doc: 'Where the picture comes from; auto takes the desktop that DISPLAY or WAYLAND_DISPLAY names, else a synthetic picture.',
    parse: oneOf('auto', 'synthetic', 'x11', 'wlroots'),
  }),
  maxSessions: setting({
    flag: 'max-sessions',
    env: 'PUNKTFUNK_MAX_SESSIONS',
    file: 'max_sessions',
    default: 4,
    type: '1 – 16',
    doc: 'Clients that may stream at the same time, each with an encoder of its own.',
    parse: integer(1, 16),
  }),
  encryption: setting<EncryptionPolicy>({
    flag: 'encryption',
    env: 'PUNKTFUNK_ENCRYPTION',
    file: 'encryption',
    default: 'lan-optional',
    type: 'off, lan-optional or required',
    doc: 'Encryption of video. off: never. lan-optional: as the client wants on the local network, required from elsewhere. required: clients without it are refused. Control is always encrypted, sound as the client wants.',
    parse: oneOf('off', 'lan-optional', 'required'),
  }),
  oldClients: setting<OldClients>({
    flag: 'old-clients',
    env: 'PUNKTFUNK_OLD_CLIENTS',
    file: 'old_clients',
    default: 'lan',
    type: 'refuse, lan or allow',
    doc: 'Clients of 2023 and before, whose encryption is weak: refused, accepted from the local network, or from anywhere.',
    parse: oneOf('refuse', 'lan', 'allow'),
  }),
  autoBitrate: setting({
    flag: 'auto-bitrate',
    env: 'PUNKTFUNK_AUTO_BITRATE',
    file: 'auto_bitrate',
    default: false,
    type: 'on or off',
    doc: 'Whether the bitrate follows the line. Off: what would have been done is recorded, and nothing is changed.',
    parse: onOff,
  }),
  blackBox: setting({
    flag: 'black-box',
    env: 'PUNKTFUNK_BLACK_BOX',
    file: 'black_box',
    default: true,
    type: 'on or off',
    doc: 'Whether the last two minutes of every stream are kept (at most 4 MB) and saved as a recording when the picture froze, packets were lost in a burst, frames were dropped in a row, or the host ended badly.',
    parse: onOff,
  }),
  recordingsKeep: setting({
    flag: 'recordings-keep',
    env: 'PUNKTFUNK_RECORDINGS_KEEP',
    file: 'recordings_keep',
    default: 200,
    type: 'count',
    doc: 'Recordings that are kept at most; the oldest go first, starred ones never. 0 = no limit.',
    parse: integer(0, 1_000_000),
  }),
  recordingsDays: setting({
    flag: 'recordings-days',
    env: 'PUNKTFUNK_RECORDINGS_DAYS',
    file: 'recordings_days',
    default: 0,
    type: 'days',
    doc: 'How long a recording is kept, starred ones for ever. 0 = no limit.',
    parse: integer(0, 36_500),
  }),
  recordingsMb: setting({
    flag: 'recordings-mb',
    env: 'PUNKTFUNK_RECORDINGS_MB',
    file: 'recordings_mb',
    default: 2048,
    type: 'MB',
    doc: 'What recordings and their trash may take on the disk; the oldest go first, starred ones never. 0 = no limit.',
    parse: integer(0, 100_000_000),
  }),
  metrics: setting({
    flag: 'metrics',
    env: 'PUNKTFUNK_METRICS',
    file: 'metrics',
    default: false,
    type: 'on or off',
    doc: 'Whether `/metrics` answers Prometheus (OpenMetrics; wants a token with the scope `stats`). Frames are measured all the time then.',
    parse: onOff,
  }),
  perf: setting({
    env: 'PUNKTFUNK_PERF',
    file: 'perf',
    default: false,
    type: '0 or 1',
    doc: 'One line a second and session on stderr: fps, unique frames, the largest µs of each stage, the most packets in one frame.',
    parse: flag,
  }),
  fecPct: setting({
    env: 'PUNKTFUNK_FEC_PCT',
    file: 'fec_pct',
    default: 20,
    type: '0 – 255',
    doc: 'Parity, percent of the data packets; 0 = none.',
    parse: integer(0, 255),
  }),
  videoDropPct: setting({
    env: 'PUNKTFUNK_VIDEO_DROP',
    file: 'video_drop',
    default: 0,
    type: '0 – 100',
    doc: 'Percent of the video packets dropped on purpose, to exercise recovery.',
    parse: decimal(0, 100),
  }),
  dscp: setting({
    env: 'PUNKTFUNK_DSCP',
    file: 'dscp',
    default: false,
    type: '0 or 1',
    doc: 'Marks video packets with a DSCP class.',
    parse: flag,
  }),
  linkMbps: setting<number | undefined>({
    flag: 'link-mbps',
    file: 'link_mbps',
    default: undefined,
    type: 'Mb/s',
    doc: 'Rate of the slowest hop, which pacing keeps to. Without it: the network card’s rate, else 1000.',
    parse: integer(1, 400_000),
  }),
  logFormat: setting({
    env: 'PUNKTFUNK_LOG',
    file: 'log',
    default: 'auto',
    type: 'auto, json or text',
    doc: 'Form of the log on stderr; auto is text at a terminal and JSON elsewhere.',
    parse: text(/^(auto|json|text)$/, 'auto, json or text'),
  }),
  logLevel: setting({
    env: 'PUNKTFUNK_LOG_LEVEL',
    file: 'log_level',
    default: 'info',
    type: 'debug, info, warn or error',
    doc: 'Least severity that is logged.',
    parse: text(/^(debug|info|warn|error)$/, 'debug, info, warn or error'),
  }),
} as const;

export type Config = {
  readonly [K in keyof typeof settings]: (typeof settings)[K]['default'];
} & { readonly configDir: string | undefined };

export interface ConfigInput {
  /** Flags as given, by their long name. */
  readonly flags: Readonly<Record<string, string | undefined>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Of the account, as the system's user database tells it; undefined when it does not know. */
  readonly homeDir: string | undefined;
}

/** Resolves every setting. Throws ConfigError naming the setting, its source and its value. */
export function loadConfig(input: ConfigInput): Config {
  const configDir = configDirOf(input);
  const file = configDir === undefined ? {} : readConfigFile(join(configDir, 'config.json'));
  const read = <T extends Value>(entry: Setting<T>): T => {
    const found = lookUp(entry, input, file);
    if (found === undefined) return entry.default;
    try {
      return entry.parse(found.value);
    } catch (error) {
      throw new ConfigError(
        `${found.where} is ${JSON.stringify(found.value)}; it must be ${reasonOf(error)}.`,
      );
    }
  };
  return {
    configDir,
    apiHost: read(settings.apiHost),
    apiPort: read(settings.apiPort),
    apiHosts: read(settings.apiHosts),
    apiOrigins: read(settings.apiOrigins),
    gamestreamPort: read(settings.gamestreamPort),
    gamestreamHost: read(settings.gamestreamHost),
    hostName: read(settings.hostName),
    discovery: read(settings.discovery),
    source: read(settings.source),
    maxSessions: read(settings.maxSessions),
    encryption: read(settings.encryption),
    oldClients: read(settings.oldClients),
    autoBitrate: read(settings.autoBitrate),
    blackBox: read(settings.blackBox),
    recordingsKeep: read(settings.recordingsKeep),
    recordingsDays: read(settings.recordingsDays),
    recordingsMb: read(settings.recordingsMb),
    metrics: read(settings.metrics),
    perf: read(settings.perf),
    fecPct: read(settings.fecPct),
    videoDropPct: read(settings.videoDropPct),
    dscp: read(settings.dscp),
    linkMbps: read(settings.linkMbps),
    logFormat: read(settings.logFormat),
    logLevel: read(settings.logLevel),
  };
}

/** The config directory; undefined when the environment names none and the account has no home. */
export function configDirOf(input: ConfigInput): string | undefined {
  const { PUNKTFUNK_CONFIG_DIR: named, XDG_CONFIG_HOME: xdg, HOME } = input.env;
  if (named) return named;
  if (xdg) return join(xdg, 'punktfunk');
  const home = HOME || input.homeDir;
  return home ? join(home, '.config', 'punktfunk') : undefined;
}

/** The section of docs/configuration.md. */
export function configurationMarkdown(): string {
  const rows = Object.values<Setting<Value>>(settings).map((entry) => {
    const cells = [
      entry.flag === undefined ? '–' : `\`--${entry.flag}\``,
      entry.env === undefined ? '–' : `\`${entry.env}\``,
      entry.file === undefined ? '–' : `\`${entry.file}\``,
      entry.type,
      shown(entry),
      entry.doc,
    ];
    return `| ${cells.join(' | ')} |`;
  });
  return [
    '| Flag | Environment | config.json | Value | Default | Meaning |',
    '|---|---|---|---|---|---|',
    '| – | `PUNKTFUNK_CONFIG_DIR` | – | folder | `$XDG_CONFIG_HOME/punktfunk`, else `~/.config/punktfunk` | Where the token, `config.json` and `captures/` live. |',
    ...rows,
    '',
  ].join('\n');
}

function lookUp(
  entry: Setting<Value>,
  input: ConfigInput,
  file: Readonly<Record<string, unknown>>,
): { readonly where: string; readonly value: unknown } | undefined {
  const flagValue = entry.flag === undefined ? undefined : input.flags[entry.flag];
  if (flagValue !== undefined) return { where: `--${entry.flag}`, value: flagValue };
  const envValue = entry.env === undefined ? undefined : input.env[entry.env];
  // An empty variable is how a unit file or a shell unsets one.
  if (envValue !== undefined && envValue !== '') return { where: `${entry.env}`, value: envValue };
  const fileValue = entry.file === undefined ? undefined : file[entry.file];
  return fileValue === undefined
    ? undefined
    : { where: `config.json: ${entry.file}`, value: fileValue };
}

function readConfigFile(path: string): Readonly<Record<string, unknown>> {
  let content: string;
  try {
    content = readFileSync(path, 'utf8');
  } catch (error) {
    const code = systemCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EACCES') return {};
    throw new ConfigError(`${path} cannot be read: ${reasonOf(error)}.`);
  }
  let data: unknown;
  try {
    data = JSON.parse(content);
  } catch (error) {
    throw new ConfigError(`${path} is not JSON: ${reasonOf(error)}.`);
  }
  if (typeof data !== 'object' || data === null || Array.isArray(data)) {
    throw new ConfigError(`${path} must hold one JSON object.`);
  }
  const known = Object.values<Setting<Value>>(settings).map((entry) => entry.file);
  const unknown = Object.keys(data).find((key) => !known.includes(key));
  if (unknown !== undefined) throw new ConfigError(`${path}: unknown setting "${unknown}".`);
  return Object.fromEntries(Object.entries(data));
}

function setting<T extends Value>(entry: Setting<T>): Setting<T> {
  return entry;
}

function shown({ default: value, parse }: Setting<Value>): string {
  if (parse === onOff) return value === true ? '`on`' : '`off`';
  if (value === undefined || (Array.isArray(value) && value.length === 0)) return 'none';
  if (typeof value === 'boolean') return value ? '1' : '0';
  return `\`${String(value)}\``;
}

function integer(least: number, most: number): (text: unknown) => number {
  const number = decimal(least, most);
  return (given) => {
    const value = number(given);
    if (!Number.isInteger(value)) throw new Error(`a whole number from ${least} to ${most}`);
    return value;
  };
}

function decimal(least: number, most: number): (text: unknown) => number {
  return (given) => {
    const value =
      typeof given === 'string' && /^\s*[0-9.]+\s*$/.test(given) ? Number(given) : given;
    if (typeof value !== 'number' || !(value >= least && value <= most)) {
      throw new Error(`a number from ${least} to ${most}`);
    }
    return value;
  };
}

function flag(given: unknown): boolean {
  if (typeof given === 'boolean') return given;
  if (given === '1' || given === 'true' || given === 1) return true;
  if (given === '0' || given === 'false' || given === 0) return false;
  throw new Error('0 or 1');
}

function onOff(given: unknown): boolean {
  if (given === true || given === 'on') return true;
  if (given === false || given === 'off') return false;
  throw new Error('on or off');
}

function oneOf<const T extends string>(...values: readonly T[]): (given: unknown) => T {
  return (given) => {
    const found = values.find((value) => value === given);
    if (found !== undefined) return found;
    throw new Error(`${values.slice(0, -1).join(', ')} or ${values.at(-1)}`);
  };
}

function address(given: unknown): string {
  if (typeof given === 'string' && isIP(given) !== 0) return given;
  throw new Error('an IP address');
}

function text(pattern: RegExp, what: string): (given: unknown) => string {
  return (given) => {
    if (typeof given !== 'string' || !pattern.test(given)) throw new Error(what);
    return given;
  };
}

function hostNames(given: unknown): readonly string[] {
  return listed(given).map((part) => {
    if (!/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?$/i.test(part)) {
      throw new Error('names such as tv.example, separated by commas');
    }
    return part.toLowerCase();
  });
}

function listed(given: unknown): readonly string[] {
  const parts = Array.isArray(given) ? given : String(given).split(',');
  return parts.map((part) => String(part).trim()).filter((part) => part.length > 0);
}

/** Pages of a browser extension: for an address that is not the web’s, URL knows no origin. */
const EXTENSION_ORIGIN = /^(chrome|moz)-extension:\/\/[a-z0-9-]{1,64}$/;

function origins(given: unknown): readonly string[] {
  return listed(given).map((part) => {
    if (EXTENSION_ORIGIN.test(part)) return part;
    const origin = URL.canParse(part) ? new URL(part).origin : 'null';
    if (origin === 'null' || part.replace(/\/$/, '') !== origin) {
      throw new Error('origins such as https://example.org, separated by commas');
    }
    return origin;
  });
}
