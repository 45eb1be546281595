// Words of <pf-retention>.
import { dictionary } from '../base/i18n.ts';

export const words = /* @__PURE__ */ dictionary(
  {
    heading: 'Kept recordings',
    count: 'Recordings',
    countOf: (n: string, most: string) => `${n} of ${most}`,
    starred: (n: string) => `and ${n} starred, which never go`,
    disk: 'On disk',
    trash: (size: string) => `${size} of it in the trash`,
    oldest: 'Oldest',
    days: (n: string, one: boolean) => (one ? 'kept for one day' : `kept for ${n} days`),
    noLimit: 'no limit',
    full: 'The next recording removes the oldest.',
    rule: 'By number the oldest go to the trash, by age and size for good. The trash empties itself after seven days.',
    where: 'The limits are settings of the host:',
    unknown: 'What the limits are, this host does not tell.',
    none: 'none yet',
  },
  {
    heading: 'Behaltene Aufzeichnungen',
    count: 'Aufzeichnungen',
    countOf: (n, most) => `${n} von ${most}`,
    starred: (n) => `und ${n} mit Stern, die nie gehen`,
    disk: 'Auf der Platte',
    trash: (size) => `${size} davon im Papierkorb`,
    oldest: 'Älteste',
    days: (n, one) => (one ? 'wird einen Tag behalten' : `wird ${n} Tage behalten`),
    noLimit: 'keine Grenze',
    full: 'Die nächste Aufzeichnung verdrängt die älteste.',
    rule: 'Nach Zahl gehen die ältesten in den Papierkorb, nach Alter und Größe ganz. Der Papierkorb leert sich nach sieben Tagen.',
    where: 'Die Grenzen sind Einstellungen des Hosts:',
    unknown: 'Welche Grenzen gelten, sagt dieser Host nicht.',
    none: 'noch keine',
  },
);
