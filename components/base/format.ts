// Numbers, times and units as the design writes them. Absent stays absent: every function takes undefined and answers
// a dash, which is read aloud as "not measured". Pure, no DOM.
import { clock, DASH, LOCALE } from './clock.ts';
import type { Language } from './i18n.ts';

export { DASH };

const NBSP = '\u00a0';

export class Format {
  readonly language: Language;
  readonly #timeZone: string | undefined;
  readonly #numbers: readonly Intl.NumberFormat[];

  constructor(language: Language, timeZone?: string) {
    this.language = language;
    this.#timeZone = timeZone;
    this.#numbers = [0, 1, 2].map(
      (digits) =>
        new Intl.NumberFormat(LOCALE[language], {
          minimumFractionDigits: digits,
          maximumFractionDigits: digits,
        }),
    );
  }

  /** Grouped, no digits: frames, packets, samples, frames per second. */
  count(value: number | undefined): string {
    return this.#fixed(value, 0);
  }

  /** One digit: Mb/s, MB, seconds. */
  tenth(value: number | undefined): string {
    return this.#fixed(value, 1);
  }

  /** Milliseconds without the unit: two digits below 10, one below 100, else none. */
  ms(value: number | undefined): string {
    if (value === undefined || !Number.isFinite(value)) return DASH;
    const size = Math.abs(value);
    return this.#fixed(value, size < 9.995 ? 2 : size < 99.95 ? 1 : 0);
  }

  /** A number already written, with its unit behind a no-break space; a dash stays alone. */
  unit(text: string, unit: string): string {
    return text === DASH ? DASH : `${text}${NBSP}${unit}`;
  }

  /** mm:ss of a recording's own clock, h:mm:ss when needed. */
  clock(ms: number | undefined): string {
    return clock(ms);
  }

  /** 20:31:07 */
  time(unixMs: number): string {
    const options = {
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
      hourCycle: 'h23',
    } as const;
    const part = this.dateParts(unixMs, options);
    return `${part('hour')}:${part('minute')}:${part('second')}`;
  }

  /** The parts of a local time by their name; dashes for a time that no calendar has. */
  dateParts(unixMs: number, options: Intl.DateTimeFormatOptions): (type: string) => string {
    if (!(Math.abs(unixMs) <= LAST_DATE_MS)) return () => DASH;
    const zone = this.#timeZone === undefined ? {} : { timeZone: this.#timeZone };
    const parts = new Intl.DateTimeFormat(LOCALE[this.language], { ...options, ...zone });
    const found = parts.formatToParts(new Date(unixMs));
    return (type) => found.find((p) => p.type === type)?.value ?? '';
  }

  #fixed(value: number | undefined, digits: 0 | 1 | 2): string {
    if (value === undefined || !Number.isFinite(value)) return DASH;
    const text = this.#numbers[digits]?.format(value) ?? DASH;
    return /^-[0.,]*$/.test(text) ? text.slice(1) : text;
  }
}

/** `1920 × 1080, 60 Hz` */
export function mode(format: Format, width: number, height: number, fps: number): string {
  if (width === 0 || height === 0) return DASH;
  const size = `${width}${NBSP}×${NBSP}${height}`;
  return fps === 0 ? size : `${size}, ${format.unit(format.count(fps), 'Hz')}`;
}

const CODEC = { h264: 'H.264', hevc: 'HEVC', av1: 'AV1', '': DASH } as const;
export const codecName = (codec: keyof typeof CODEC): string => CODEC[codec];

const KIND = { native: 'punktfunk', gamestream: 'GameStream', '': DASH } as const;
export const kindName = (kind: keyof typeof KIND): string => KIND[kind];

const LAST_DATE_MS = 8.64e15;
