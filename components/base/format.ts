// Numbers, times and units as the design writes them. Absent stays absent: every function takes undefined and answers
// a dash, which is read aloud as "not measured". Pure, no DOM.
import type { Language } from './i18n.ts';

export const DASH = '–';
const NBSP = '\u00a0';
const LOCALE: Record<Language, string> = { en: 'en-GB', de: 'de-DE' };

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

  /** Share of one as percent. */
  percent(share: number | undefined): string {
    if (share === undefined || !Number.isFinite(share)) return DASH;
    const value = share * 100;
    const text = this.#fixed(value, value > 0 && value < 1 ? 1 : 0);
    return this.language === 'de' ? `${text}${NBSP}%` : `${text}%`;
  }

  /** A number already written, with its unit behind a no-break space; a dash stays alone. */
  unit(text: string, unit: string): string {
    return text === DASH ? DASH : `${text}${NBSP}${unit}`;
  }

  /** mm:ss of a recording's own clock, h:mm:ss when needed; tenths on request. */
  clock(ms: number | undefined, digits: 0 | 1 = 0): string {
    if (ms === undefined || !Number.isFinite(ms) || ms < 0) return DASH;
    const scale = digits === 1 ? 100 : 1000;
    const units = Math.floor(ms / scale + 1e-9);
    const seconds = Math.floor((units * scale) / 1000);
    const two = (n: number): string => String(n).padStart(2, '0');
    const h = Math.floor(seconds / 3600);
    const tail = `${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
    const tenths = digits === 1 ? `${this.language === 'de' ? ',' : '.'}${units % 10}` : '';
    return `${h > 0 ? `${h}:` : ''}${tail}${tenths}`;
  }

  /** A length in words: 42 s, 20 min, 1 h 12 min. */
  length(ms: number | undefined): string {
    if (ms === undefined || !Number.isFinite(ms)) return DASH;
    const s = Math.round(ms / 1000);
    if (s < 60) return this.unit(this.count(s), 's');
    const min = Math.round(s / 60);
    if (s < 600 && s % 60 !== 0) {
      return `${this.unit(this.count(Math.floor(s / 60)), 'min')} ${this.unit(this.count(s % 60), 's')}`;
    }
    if (min < 60) return this.unit(this.count(min), 'min');
    const hours = this.unit(this.count(Math.floor(min / 60)), 'h');
    return min % 60 === 0 ? hours : `${hours} ${this.unit(this.count(min % 60), 'min')}`;
  }

  /** Fri 21 Aug 2026, 20:14 · Fr., 21. Aug. 2026, 20:14 */
  date(unixMs: number): string {
    const part = this.#parts(unixMs, {
      weekday: 'short',
      day: 'numeric',
      month: 'short',
      year: 'numeric',
      hour: '2-digit',
      minute: '2-digit',
      hour12: false,
    });
    const time = `${part('hour')}:${part('minute')}`;
    const weekday = part('weekday').replace(/\.$/, '');
    return this.language === 'de'
      ? `${weekday}., ${part('day')}. ${part('month')} ${part('year')}, ${time}`
      : `${weekday} ${part('day')} ${part('month')} ${part('year')}, ${time}`;
  }

  /** 20:31:07 */
  time(unixMs: number): string {
    const part = this.#parts(unixMs, {
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
      hour12: false,
    });
    return `${part('hour')}:${part('minute')}:${part('second')}`;
  }

  #parts(unixMs: number, options: Intl.DateTimeFormatOptions): (type: string) => string {
    if (!Number.isFinite(unixMs) || Math.abs(unixMs) > 8.64e15) return () => DASH;
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
