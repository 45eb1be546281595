// Words of <pf-recording-detail>.

import { dictionary } from '../base/i18n.ts';
import type { Counter } from '../chart/counts.ts';

export const words = /* @__PURE__ */ dictionary(
  {
    timeline: 'Timeline',
    verdict: 'Verdict',
    quantile: 'Quantile of the stages',
    stagesAt: 'stages at',
    stagesOf: 'stages of the frames at',
    asTable: 'As table',
    download: 'Download',
    report: 'Report',
    markers: 'Markers',
    moreMarkers: (n: string) => `${n} more in the events lane`,
    samples: (n: string, one: boolean) => (one ? 'one sample' : `${n} samples`),
    reading: 'Reading …',
    recording: 'Recording',
    readingFrames: (n: string) => `Reading ${n} frames …`,
    findings: 'Findings',
    unfoldFindings: (n: string, one: boolean, all: boolean) =>
      `Show ${n}${all ? '' : ' more'} ${one ? 'finding' : 'findings'}`,
    moreFindings: (n: string, one: boolean) =>
      one
        ? 'One smaller finding is on the timeline.'
        : `${n} smaller findings are on the timeline.`,
    noSamples: 'Nothing was streamed while this was recorded.',
    allWithin: (n: string, budget: string) =>
      `All ${n} windows stayed within the ${budget} budget at the 99th percentile.`,
    someOver: (n: string, of: string, budget: string) =>
      `${n} of ${of} windows went over the ${budget} budget at the 99th percentile.`,
    noBudget: 'The mode has no frame rate, so there is no budget to compare with.',
    noTotals: 'Whether frames were late, this recording does not show: frame totals are missing.',
    worst: (ms: string, at: string) => `The worst was ${ms} at ${at}.`,
    slowest: (stage: string, ms: string) => `The slowest stage there was ${stage}, ${ms}.`,
    repeats: (n: string, one: boolean) =>
      `Repeats in ${one ? 'one window' : `${n} windows`}: the source had nothing new.`,
    gaps: (n: string, one: boolean) =>
      `${one ? 'One gap' : `${n} gaps`}: nothing was measured there.`,
    unknown: (names: string) => `Not measured on this path: ${names}.`,
    truncated: 'The recording reached its limit of 3 hours; later windows are missing.',
    recordsLost: (n: string) => `${n} frame records were lost on the way to the recorder: a gap.`,
    newer: (version: string) =>
      `Made by a newer version (format ${version}). Known parts are shown.`,
    sight:
      'Seen from the host: from capture to the last packet. Decoding and display on the client are not in this recording.',
    cursor: 'cursor',
    table: 'table',
    worstKey: 'worst window',
    outlierKeys: 'next, previous outlier',
    markerKey: 'next marker',
    allKeys: 'All keys',
    ofSession: (id: string, of: string) => `This is of session ${id}, one of ${of}.`,
    events: 'Events',
    eventTime: 'Time',
    eventKind: 'Kind',
    eventDetail: 'Details',
    moreEvents: (n: string) => `${n} more are in the recording.`,
  },
  {
    timeline: 'Zeitverlauf',
    verdict: 'Befund',
    quantile: 'Quantil der Stufen',
    stagesAt: 'Stufen bei',
    stagesOf: 'Stufen der Bilder bei',
    asTable: 'Als Tabelle',
    download: 'Herunterladen',
    report: 'Bericht',
    markers: 'Markierungen',
    moreMarkers: (n) => `${n} weitere in der Ereignisspur`,
    samples: (n, one) => (one ? 'ein Messpunkt' : `${n} Messpunkte`),
    reading: 'Wird gelesen …',
    recording: 'Aufzeichnung',
    readingFrames: (n) => `${n} Bilder werden gelesen …`,
    findings: 'Befunde',
    unfoldFindings: (n, one, all) =>
      `${n}${all ? '' : one ? ' weiteren' : ' weitere'} ${one ? 'Befund' : 'Befunde'} zeigen`,
    moreFindings: (n, one) =>
      one
        ? 'Ein kleinerer Befund steht im Zeitverlauf.'
        : `${n} kleinere Befunde stehen im Zeitverlauf.`,
    noSamples: 'Während dieser Aufzeichnung wurde nichts gestreamt.',
    allWithin: (n, budget) =>
      `Alle ${n} Fenster blieben beim 99. Perzentil im Budget von ${budget}.`,
    someOver: (n, of, budget) =>
      `${n} von ${of} Fenstern lagen beim 99. Perzentil über dem Budget von ${budget}.`,
    noBudget: 'Der Modus nennt keine Bildrate, also gibt es kein Budget zum Vergleich.',
    noTotals: 'Ob Bilder spät kamen, zeigt diese Aufzeichnung nicht: Die Gesamtzeiten fehlen.',
    worst: (ms, at) => `Am größten: ${ms} bei ${at}.`,
    slowest: (stage, ms) => `Langsamste Stufe dort: ${stage}, ${ms}.`,
    repeats: (n, one) =>
      `Wiederholungen in ${one ? 'einem Fenster' : `${n} Fenstern`}: Die Quelle hatte nichts Neues.`,
    gaps: (n, one) => `${one ? 'Eine Lücke' : `${n} Lücken`}: Dort wurde nichts gemessen.`,
    unknown: (names) => `Auf diesem Weg nicht gemessen: ${names}.`,
    truncated: 'Die Aufzeichnung erreichte ihre Grenze von 3 Stunden; spätere Fenster fehlen.',
    recordsLost: (n) => `${n} Bilddaten gingen auf dem Weg zum Rekorder verloren: eine Lücke.`,
    newer: (version) =>
      `Von einer neueren Version (Format ${version}). Bekannte Teile werden gezeigt.`,
    sight:
      'Gesehen vom Host aus: von der Aufnahme bis zum letzten Paket. Dekodieren und Anzeige beim Client sind nicht in dieser Aufzeichnung.',
    cursor: 'Zeiger',
    table: 'Tabelle',
    worstKey: 'größtes Fenster',
    outlierKeys: 'nächster, voriger Ausreißer',
    markerKey: 'nächste Markierung',
    allKeys: 'Alle Tasten',
    ofSession: (id, of) => `Das gilt für Sitzung ${id}, eine von ${of}.`,
    events: 'Ereignisse',
    eventTime: 'Zeit',
    eventKind: 'Art',
    eventDetail: 'Einzelheiten',
    moreEvents: (n) => `${n} weitere stehen in der Aufzeichnung.`,
  },
);

/** Sums in a sentence. */
export const losses = /* @__PURE__ */ dictionary<
  Record<Counter, (n: string, one: boolean) => string>
>(
  {
    frames_dropped: (n, one) =>
      one ? 'One frame dropped before sending.' : `${n} frames dropped before sending.`,
    packets_dropped: (n, one) =>
      one ? 'One packet lost on the way.' : `${n} packets lost on the way.`,
    send_dropped: (n, one) =>
      one ? 'One packet refused by the socket.' : `${n} packets refused by the socket.`,
    fec_recovered: (n, one) =>
      one ? 'One shard rebuilt from parity.' : `${n} shards rebuilt from parity.`,
    source_skipped: (n, one) =>
      one
        ? 'One picture of the source that no frame carried.'
        : `${n} pictures of the source that no frame carried.`,
  },
  {
    frames_dropped: (n, one) =>
      one ? 'Ein Bild vor dem Senden verworfen.' : `${n} Bilder vor dem Senden verworfen.`,
    packets_dropped: (n, one) =>
      one ? 'Ein Paket unterwegs verloren.' : `${n} Pakete unterwegs verloren.`,
    send_dropped: (n, one) =>
      one ? 'Ein Paket vom Socket abgelehnt.' : `${n} Pakete vom Socket abgelehnt.`,
    fec_recovered: (n, one) =>
      one ? 'Ein Teil aus Parität ersetzt.' : `${n} Teile aus Parität ersetzt.`,
    source_skipped: (n, one) =>
      one
        ? 'Ein Bild der Quelle trug kein gesendetes Bild.'
        : `${n} Bilder der Quelle trug kein gesendetes Bild.`,
  },
);
