// Words of the chart elements.
import { dictionary } from './i18n.ts';

export const chartWords = /* @__PURE__ */ dictionary(
  {
    asTable: 'As table',
    tableOf: (chart: string) => `${chart} as a table`,
    session: 'Session',
    sessionNo: (id: number) => `Session ${id}`,
    reading: 'Reading …',
    waiting: 'Ready. Recording begins with the first stream.',
    noSamples: 'Nothing was streamed while this was recorded.',
    notRecording: 'Nothing is being recorded.',
    time: 'Time',
    gaps: (n: string) => `Gaps: ${n}.`,
  },
  {
    asTable: 'Als Tabelle',
    tableOf: (chart: string) => `${chart} als Tabelle`,
    session: 'Sitzung',
    sessionNo: (id: number) => `Sitzung ${id}`,
    reading: 'Wird gelesen …',
    waiting: 'Bereit. Die Aufzeichnung beginnt mit dem ersten Stream.',
    noSamples: 'Während dieser Aufzeichnung wurde nichts gestreamt.',
    notRecording: 'Es läuft keine Aufzeichnung.',
    time: 'Zeit',
    gaps: (n: string) => `Lücken: ${n}.`,
  },
);
