// Words of <pf-black-box>.
import { dictionary } from '../base/i18n.ts';

export const words = /* @__PURE__ */ dictionary(
  {
    heading: 'Black box',
    off: 'The black box is off on this host.',
    empty: 'Holds the last two minutes of every stream, without being armed. Empty now.',
    holds: (length: string) => `Holds the last ${length} of what was streamed.`,
    memory: (used: string, limit: string) => `${used} of at most ${limit} in memory.`,
    save: 'Save it',
    saving: 'Saving …',
    saved: 'Saved as a recording.',
    lastSaved: (why: string, time: string) => `${why}, ${time}`,
    look: 'Look at it',
    badEnd: 'The last run of this host ended badly.',
    badEndAt: (when: string) => `The last run of this host ended badly, last seen ${when}.`,
    leftover: (length: string) =>
      `${length} of its stream are still here. Names and addresses are left out when you save them.`,
    nothingLeft: 'Nothing of its stream is left.',
    recovered: (n: string, one: boolean) =>
      one
        ? 'One recording was finished from its journal.'
        : `${n} recordings were finished from their journals.`,
    saveIt: 'Save as recording',
    dismiss: 'Dismiss',
    discard: 'Discard',
    fault: (why: string) => `Trouble with the black box: ${why}`,
  },
  {
    heading: 'Blackbox',
    off: 'Die Blackbox ist auf diesem Host aus.',
    empty:
      'Hält die letzten zwei Minuten jedes Streams, auch ohne gestartete Aufzeichnung. Jetzt leer.',
    holds: (length) => `Hält die letzten ${length} des Streams.`,
    memory: (used, limit) => `${used} von höchstens ${limit} im Speicher.`,
    save: 'Sichern',
    saving: 'Wird gesichert …',
    saved: 'Als Aufzeichnung gesichert.',
    lastSaved: (why, time) => `${why}, ${time}`,
    look: 'Ansehen',
    badEnd: 'Der letzte Lauf dieses Hosts endete unsauber.',
    badEndAt: (when) => `Der letzte Lauf dieses Hosts endete unsauber, zuletzt gesehen ${when}.`,
    leftover: (length) =>
      `${length} seines Streams sind noch da. Namen und Adressen werden beim Sichern weggelassen.`,
    nothingLeft: 'Von seinem Stream ist nichts übrig.',
    recovered: (n, one) =>
      one
        ? 'Eine Aufzeichnung wurde aus ihrem Journal fertiggestellt.'
        : `${n} Aufzeichnungen wurden aus ihren Journalen fertiggestellt.`,
    saveIt: 'Als Aufzeichnung sichern',
    dismiss: 'Ausblenden',
    discard: 'Verwerfen',
    fault: (why) => `Störung der Blackbox: ${why}`,
  },
);

/** Why the black box was saved, in the past. */
export const triggers = /* @__PURE__ */ dictionary<Readonly<Record<string, string>>>(
  {
    freeze: 'Saved after a freeze',
    loss_burst: 'Saved after a burst of loss',
    drops: 'Saved after dropped frames',
    request: 'Saved on request',
    bad_end: 'Saved from the last run',
  },
  {
    freeze: 'Gesichert nach einem Standbild',
    loss_burst: 'Gesichert nach Paketverlusten',
    drops: 'Gesichert nach verworfenen Bildern',
    request: 'Auf Wunsch gesichert',
    bad_end: 'Aus dem letzten Lauf gesichert',
  },
);
