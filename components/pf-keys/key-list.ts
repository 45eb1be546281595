// Every key, by where it acts. What is not on the screen is left out. Pure.
import type { Language } from '../base/i18n.ts';
import { words } from './strings.ts';

/** Parts of a page that have keys of their own. */
export const KEY_GROUPS = [
  'page',
  'recording',
  'live',
  'timeline',
  'events',
  'sessions',
  'frames',
  'list',
] as const;
export type KeyGroup = (typeof KEY_GROUPS)[number];

export interface KeyRow {
  /** Ways to press it; each a chord of keys. */
  readonly chords: readonly (readonly string[])[];
  readonly does: string;
}

export interface KeySection {
  readonly group: KeyGroup;
  readonly title: string;
  readonly rows: readonly KeyRow[];
}

/** In the order of the page, whatever the order of `shows`. */
export function keySections(shows: readonly KeyGroup[], language: Language): KeySection[] {
  const t = words[language];
  return KEY_GROUPS.filter((group) => shows.includes(group)).map((group) => ({
    group,
    title: t[`${group}Title`],
    rows: rowsOf(group, language),
  }));
}

function rowsOf(group: KeyGroup, language: Language): readonly KeyRow[] {
  const t = words[language];
  const row = (does: string, ...chords: readonly string[]): KeyRow => ({
    chords: chords.map((chord) => chord.split(' ').map((key) => t.keyNames(key))),
    does,
  });
  switch (group) {
    case 'page':
      return [row(t.allKeys, '?'), row(t.search, '/')];
    case 'recording':
      return [
        row(t.finding, '1', '5'),
        row(t.outlier, 'n', 'p'),
        row(t.nextMarker, 'm', 'Shift m'),
      ];
    case 'live':
      return [row(t.mark, 'm'), row(t.follow, 'f')];
    case 'timeline':
      return [
        row(t.cursor, '←', '→'),
        row(t.cursorFar, 'Ctrl ←', 'Ctrl →'),
        row(t.ends, 'Home', 'End'),
        row(t.rangeEnd, 'Shift ←', 'Shift →'),
        row(t.rangeStart, 'Shift Alt ←', 'Shift Alt →'),
        row(t.zoom, '+', '−'),
        row(t.fit, '0'),
        row(t.zoomTo, 'Enter'),
        row(t.letGo, 'Esc'),
        row(t.quantile, 'q'),
        row(t.table, 't'),
      ];
    case 'events':
      return [row(t.event, ',', '.')];
    case 'sessions':
      return [row(t.session, '↑', '↓'), row(t.look, 'Enter')];
    case 'frames':
      return [
        row(t.frame, '←', '→'),
        row(t.frameFar, 'Ctrl ←', 'Ctrl →'),
        row(t.screen, 'PageUp', 'PageDown'),
        row(t.outlier, 'n', 'p'),
        row(t.table, 't'),
      ];
    case 'list':
      return [
        row(t.row, '↑', '↓'),
        row(t.menu, '→'),
        row(t.look, 'Enter'),
        row(t.remove, 'Delete'),
        row(t.back, 'Esc'),
      ];
  }
}
