// Shares and ranges in words; apart from format.ts because the capture control needs neither.
import { DASH, type Format } from './format.ts';

/** 0 to 1 as 94% · 0.4% · 94 % · 0,4 %. What is neither none nor all never reads so. */
export function percentOf(format: Format, share: number | undefined): string {
  if (share === undefined || !Number.isFinite(share)) return DASH;
  const value = share * 100;
  const isEdge = (value > 0 && value < 0.95) || (value > 99 && value < 100);
  const text = isEdge ? format.tenth(Math.min(99.9, Math.max(0.1, value))) : format.count(value);
  return format.language === 'de' ? format.unit(text, '%') : `${text}%`;
}

/** The share that stayed well: never rounded up to all of them. */
export function mostlyOf(format: Format, share: number): string {
  if (share >= 1) return percentOf(format, 1);
  const percent = Math.min(99.9, Math.floor(share * 1000) / 10);
  return format.language === 'de'
    ? format.unit(format.tenth(percent), '%')
    : `${format.tenth(percent)}%`;
}

/** 09:42–10:18; one time alone for what is shorter than a second. */
export function spanOf(format: Format, fromMs: number, toMs: number): string {
  const [from, to] = [format.clock(fromMs), format.clock(toMs)];
  return from === to ? from : `${from}–${to}`;
}
