// Words of <pf-report>.
import { dictionary } from '../base/i18n.ts';

export const words = /* @__PURE__ */ dictionary(
  {
    title: 'Report',
    about:
      'One file with this review and its data. It opens from a disk in any browser, without a network.',
    take: 'Leave out',
    clients: 'Devices',
    names: 'Names and notes',
    host: 'This machine',
    nothing: 'nothing in this recording',
    size: (text: string) => `About ${text}.`,
    save: 'Save report',
    saving: 'Making the report …',
    close: 'Close',
    failed: (reason: string) => `The report was not made: ${reason}`,
    noTemplate: 'this page has no viewer to put the data into.',
  },
  {
    title: 'Bericht',
    about:
      'Eine Datei mit dieser Ansicht und ihren Daten. Sie öffnet sich von der Platte in jedem Browser, ohne Netz.',
    take: 'Weglassen',
    clients: 'Geräte',
    names: 'Namen und Notizen',
    host: 'Dieser Rechner',
    nothing: 'nichts in dieser Aufzeichnung',
    size: (text) => `Etwa ${text}.`,
    save: 'Bericht sichern',
    saving: 'Der Bericht entsteht …',
    close: 'Schließen',
    failed: (reason) => `Der Bericht entstand nicht: ${reason}`,
    noTemplate: 'Diese Seite hat keinen Betrachter, in den die Daten könnten.',
  },
);
