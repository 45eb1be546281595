// Words that more than one element says: states of the connection, names of stages and counters.
import type { PartName } from '../../recording/src/review/frame-table.ts';
import type { Counter } from '../chart/counts.ts';
import { dictionary, type Language } from './i18n.ts';

export const common = /* @__PURE__ */ dictionary(
  {
    notMeasured: 'not measured',
    offline: (since: string) =>
      `The host has not answered since ${since}. What you see is the state from then. Trying again.`,
    offlineNever: 'The host does not answer. Trying again.',
    tokenMissing: 'This host asks for its token. You find it with',
    tokenWrong: 'The host did not accept this token. You find it with',
    refused: (message: string) => `The host refused: ${message}`,
    unreadable: (message: string) => `The answer cannot be read: ${message}`,
    gone: 'This recording is not there any more.',
  },
  {
    notMeasured: 'nicht gemessen',
    offline: (since: string) =>
      `Der Host antwortet seit ${since} nicht. Zu sehen ist der Stand von da. Neuer Versuch läuft.`,
    offlineNever: 'Der Host antwortet nicht. Neuer Versuch läuft.',
    tokenMissing: 'Dieser Host verlangt sein Token. Du findest es mit',
    tokenWrong: 'Der Host hat dieses Token nicht angenommen. Du findest es mit',
    refused: (message: string) => `Der Host lehnt ab: ${message}`,
    unreadable: (message: string) => `Die Antwort ist nicht lesbar: ${message}`,
    gone: 'Diese Aufzeichnung gibt es nicht mehr.',
  },
);

/** What a list says before it has come; apart, because the capture control has none. */
export const loading = /* @__PURE__ */ dictionary(
  { reading: 'Reading …' },
  { reading: 'Wird gelesen …' },
);

/** Of stages, and of what of the total belongs to none. */
export const stageNames = /* @__PURE__ */ dictionary<Record<PartName, string>>(
  {
    capture: 'Capture',
    submit: 'Submit',
    encode: 'Encode',
    packetize: 'Packetize',
    send: 'Send',
    other: 'Other',
  },
  {
    capture: 'Aufnahme',
    submit: 'Übergabe',
    encode: 'Encoding',
    packetize: 'Paketieren',
    send: 'Senden',
    other: 'Übriges',
  },
);

export const counterNames = /* @__PURE__ */ dictionary<Record<Counter, string>>(
  {
    frames_dropped: 'Frames dropped',
    packets_dropped: 'Packets lost',
    send_dropped: 'Send refused',
    fec_recovered: 'FEC rebuilt',
    source_skipped: 'Source skipped',
  },
  {
    frames_dropped: 'Bilder verworfen',
    packets_dropped: 'Pakete verloren',
    send_dropped: 'Senden abgelehnt',
    fec_recovered: 'FEC ersetzt',
    source_skipped: 'Quelle übersprang',
  },
);

/** A stage's name; one that this version does not know is written as the host wrote it. */
export function stageName(name: string, language: Language): string {
  const names: Readonly<Record<string, string>> = stageNames[language];
  return Object.hasOwn(names, name) ? (names[name] ?? name) : name;
}
