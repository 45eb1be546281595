// Structured log lines on stderr: text for people at a terminal, JSON for machines. Knows secrets only to keep them
// out: by the name of a field and by the registered value, wherever it stands.

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
export type LogFields = Readonly<Record<string, unknown>>;

export interface LogOptions {
  readonly format: 'text' | 'json';
  readonly level: LogLevel;
  readonly write: (line: string) => void;
  readonly now: () => number;
}

export class Logger {
  readonly #options: LogOptions;
  readonly #secrets: Set<string>;
  readonly #target: string;

  constructor(options: LogOptions, target = 'host', secrets: Set<string> = new Set()) {
    this.#options = options;
    this.#target = target;
    this.#secrets = secrets;
  }

  /** Same output, another target. */
  child(target: string): Logger {
    return new Logger(this.#options, target, this.#secrets);
  }

  /** From now on this value never appears in a line. */
  secret(value: string): void {
    if (value.length > 0) this.#secrets.add(value);
  }

  debug(message: string, fields: LogFields = {}): void {
    this.log('debug', message, fields);
  }

  info(message: string, fields: LogFields = {}): void {
    this.log('info', message, fields);
  }

  warn(message: string, fields: LogFields = {}): void {
    this.log('warn', message, fields);
  }

  error(message: string, fields: LogFields = {}): void {
    this.log('error', message, fields);
  }

  log(level: LogLevel, message: string, fields: LogFields = {}): void {
    if (levels.indexOf(level) < levels.indexOf(this.#options.level)) return;
    const time = new Date(this.#options.now()).toISOString();
    const safe = redactFields(fields);
    const line =
      this.#options.format === 'json'
        ? JSON.stringify({ time, level, target: this.#target, message, ...safe })
        : textLine(time, level, this.#target, message, safe);
    this.#options.write(`${this.#withoutSecrets(line)}\n`);
  }

  #withoutSecrets(line: string): string {
    let clean = line;
    for (const secret of this.#secrets) {
      // As it stands, and as JSON writes it.
      for (const form of new Set([secret, JSON.stringify(secret).slice(1, -1)])) {
        clean = clean.replaceAll(form, REDACTED);
      }
    }
    return clean;
  }
}

/** What a part of the host needs of a log. */
export type Log = Pick<Logger, 'debug' | 'info' | 'warn' | 'error'>;

/** A logger on stderr: text at a terminal, JSON elsewhere or when asked. */
export function stderrLogger(options: {
  readonly json: boolean;
  readonly level: LogLevel;
}): Logger {
  return new Logger({
    format: options.json || !process.stderr.isTTY ? 'json' : 'text',
    level: options.level,
    write: (line) => {
      process.stderr.write(line);
    },
    now: Date.now,
  });
}

function textLine(
  time: string,
  level: LogLevel,
  target: string,
  message: string,
  fields: LogFields,
): string {
  const pairs = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  return oneLine(`${time.slice(11, 23)} ${level.padEnd(5)} ${target}: ${message}${pairs.join('')}`);
}

function redactFields(fields: LogFields): LogFields {
  return Object.fromEntries(
    Object.entries(fields).map(([key, value]) => [key, redact(key, value)]),
  );
}

function redact(key: string, value: unknown): unknown {
  if (SECRET_NAME.test(key)) return REDACTED;
  if (typeof value === 'bigint') return value.toString();
  if (Array.isArray(value)) return value.map((item) => redact(key, item));
  if (typeof value === 'object' && value !== null) return redactFields({ ...value });
  return value;
}

/** A peer's text must not forge a second line or move the cursor. */
function oneLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, (c) => `\\x${c.charCodeAt(0).toString(16)}`);
}

export const levels: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];
const REDACTED = '[redacted]';
const SECRET_NAME = /token|secret|password|authorization|cookie|\bpin\b|private|ping_payload/i;
