// Words of <pf-recordings-list>.
import { dictionary } from '../base/i18n.ts';

export const words = /* @__PURE__ */ dictionary(
  {
    heading: 'Recordings',
    none: 'No recording yet. Start one, play until it stutters, then look here.',
    view: 'View',
    download: 'Download',
    delete: 'Delete',
    viewOf: (what: string) => `View recording of ${what}`,
    downloadOf: (what: string) => `Download recording of ${what}`,
    deleteOf: (what: string) => `Delete recording of ${what}`,
    sure: 'Delete this recording? Its file is removed from the host.',
    deleteNow: 'Delete recording',
    keep: 'Keep it',
    deleting: 'Deleting …',
    deleted: 'Recording deleted.',
    samples: (n: string, one: boolean) => (one ? 'one sample' : `${n} samples`),
    noSession: 'no stream',
  },
  {
    heading: 'Aufzeichnungen',
    none: 'Noch keine Aufzeichnung. Starten, spielen bis es ruckelt, dann hier nachsehen.',
    view: 'Ansehen',
    download: 'Herunterladen',
    delete: 'Löschen',
    viewOf: (what) => `Aufzeichnung ansehen: ${what}`,
    downloadOf: (what) => `Aufzeichnung herunterladen: ${what}`,
    deleteOf: (what) => `Aufzeichnung löschen: ${what}`,
    sure: 'Diese Aufzeichnung löschen? Ihre Datei wird vom Host entfernt.',
    deleteNow: 'Aufzeichnung löschen',
    keep: 'Behalten',
    deleting: 'Wird gelöscht …',
    deleted: 'Aufzeichnung gelöscht.',
    samples: (n, one) => (one ? 'ein Messpunkt' : `${n} Messpunkte`),
    noSession: 'kein Stream',
  },
);
