// A certificate's fingerprint for people: groups of four digits, the first sixteen unless all are wanted.
import { DASH } from './format.ts';

/** `3f2a 9c01 7b44 d0e1`; a dash for what is none. */
export function shortPrint(fingerprint: string): string {
  return grouped(fingerprint.slice(0, 16));
}

export function grouped(fingerprint: string): string {
  return fingerprint === '' ? DASH : fingerprint.replace(/(.{4})(?=.)/g, '$1 ');
}
