// The two times that even the smallest page writes, and how each language's numbers are called. Pure; `Format` has the rest.
import type { Language } from './i18n.ts';

export const DASH = '–';
export const LOCALE: Readonly<Record<Language, string>> = { en: 'en-GB', de: 'de-DE' };

/** mm:ss of a recording's own clock, h:mm:ss when needed. */
export function clock(ms: number | undefined): string {
  if (ms === undefined || !(ms >= 0) || !Number.isFinite(ms)) return DASH;
  const seconds = Math.floor(ms / 1000);
  const h = Math.floor(seconds / 3600);
  const two = (n: number): string => String(n).padStart(2, '0');
  const tail = `${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  return h > 0 ? `${h}:${tail}` : tail;
}

/** What a sentence about a failure needs to be written; `Format` is one. */
export interface Words {
  readonly language: Language;
  /** 20:31:07 */
  time(unixMs: number): string;
}

/** For who writes nothing else: the browser's own time of day. */
export const plainWords = (language: Language): Words => ({
  language,
  time: (unixMs) => new Date(unixMs).toLocaleTimeString(LOCALE[language], { hourCycle: 'h23' }),
});
