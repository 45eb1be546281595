// Dates, lengths, fine times and shares of recordings; apart from format.ts because the capture control needs neither.
import { DASH, type Format } from './format.ts';

/** Fri 21 Aug 2026, 20:14 · Fr., 21. Aug. 2026, 20:14 */
export function dateOf(format: Format, unixMs: number): string {
  const part = format.dateParts(unixMs, {
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  if (part('day') === DASH) return DASH;
  const time = `${part('hour')}:${part('minute')}`;
  const weekday = part('weekday').replace(/\.$/, '');
  return format.language === 'de'
    ? `${weekday}., ${part('day')}. ${part('month')} ${part('year')}, ${time}`
    : `${weekday} ${part('day')} ${part('month')} ${part('year')}, ${time}`;
}

/** mm:ss of a recording's own clock with two or three digits of the second behind: 09:46.19 · 09:46,19 */
export function fineClock(format: Format, ms: number | undefined, digits: 1 | 2 | 3): string {
  const whole = format.clock(ms);
  if (ms === undefined || whole === DASH) return whole;
  const size = 10 ** digits;
  // A hair below a whole ms is that ms: times are whole µs, divided by 1000.
  const part = Math.floor(((ms % 1000) / 1000) * size + 1e-6);
  const point = format.language === 'de' ? ',' : '.';
  return `${whole}${point}${String(part).padStart(digits, '0')}`;
}

/** A length in words: 42 s, 20 min, 1 h 12 min. */
export function lengthOf(format: Format, ms: number | undefined): string {
  if (ms === undefined || !Number.isFinite(ms)) return DASH;
  const s = Math.round(ms / 1000);
  if (s < 60) return format.unit(format.count(s), 's');
  const min = Math.round(s / 60);
  if (s < 600 && s % 60 !== 0) {
    return `${format.unit(format.count(Math.floor(s / 60)), 'min')} ${format.unit(format.count(s % 60), 's')}`;
  }
  if (min < 60) return format.unit(format.count(min), 'min');
  const hours = format.unit(format.count(Math.floor(min / 60)), 'h');
  return min % 60 === 0 ? hours : `${hours} ${format.unit(format.count(min % 60), 'min')}`;
}
