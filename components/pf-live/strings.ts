// Words of <pf-live>.
import { dictionary } from '../base/i18n.ts';

export const words = /* @__PURE__ */ dictionary(
  {
    live: 'Live',
    since: (time: string) => `since ${time}`,
    samples: (n: string, one: boolean) => (one ? 'one sample' : `${n} samples`),
    verdict: 'Verdict so far',
    timeline: 'Timeline',
    ofSession: (session: string, of: string) => `This is of session ${session}, one of ${of}.`,
    stagesAt: 'stages at',
    quantile: 'Quantile of the stages',
    show: 'Part shown',
    span: (length: string) => `Last ${length}`,
    all: 'All',
    asTable: 'As table',
    following: 'Following',
    held: (behind: string) => `Held · ${behind} behind`,
    heldNow: 'Held',
    follow: 'Follow',
    stale: (time: string) => `Last heard ${time}`,
    mark: 'Mark this moment',
    markText: 'What happened?',
    markAt: (time: string) => `at ${time}`,
    marker: 'marker',
    markers: 'Markers',
    moreMarkers: (n: string) => `${n} earlier ones are on the timeline.`,
    findings: 'Findings so far',
    moreFindings: (n: string, one: boolean) =>
      one
        ? 'One smaller finding is on the timeline.'
        : `${n} smaller findings are on the timeline.`,
    reading: 'Reading …',
    waiting: 'Ready. Recording begins with the first stream.',
    idle: 'Nothing is being recorded.',
    clean: (share: string, budget: string) =>
      `No stutter so far. ${share} of the frames stayed within ${budget}.`,
    stuttered: (times: number, n: string) =>
      times === 1
        ? 'It stuttered once so far.'
        : times === 2
          ? 'It stuttered twice so far.'
          : `It stuttered ${n} times so far.`,
    worstSide: (side: string, span: string) => ` The worst: ${side}, ${span}.`,
    lateFrames: (late: string, of: string) => `${late} of ${of} frames were late.`,
    slowest: (ms: string, at: string) => `The slowest took ${ms} at ${at}.`,
    slowestIn: (stage: string) => `Most above its usual time there: ${stage}.`,
    windowsWithin: (n: string, budget: string) =>
      `So far all ${n} windows stayed within the ${budget} budget at the 99th percentile.`,
    windowsOver: (n: string, of: string, budget: string) =>
      `So far ${n} of ${of} windows went over the ${budget} budget at the 99th percentile.`,
    noBudget: 'The mode has no frame rate, so there is no budget to compare with.',
    noTotals: 'So far no frame’s total was measured.',
    truncated: 'The recording reached its limit of 3 hours; later windows are missing.',
    recordsLost: (n: string) => `${n} frame records were lost on the way to the recorder: a gap.`,
    eventsLost: (n: string) => `${n} events are missing: the recording holds no more.`,
    gaps: (n: string, one: boolean) =>
      `${one ? 'One gap' : `${n} gaps`}: nothing was measured there.`,
    slept: (from: string, to: string) =>
      `This computer slept from ${from} to ${to}. What was recorded meanwhile is here.`,
    lateStrong: (n: string, one: boolean) => (one ? 'One late frame' : `${n} late frames`),
    lateRest: (length: string, ms: string, stage: string | undefined) =>
      `in ${length}; the slowest took ${ms}${stage === undefined ? '' : `, most above its usual time in ${stage}`}.`,
    lateSight: 'Out of windows: which share each stage has is told once this is saved.',
    lateFigure: (one: boolean) => (one ? 'late frame' : 'late frames'),
    worst: 'worst',
    sight:
      'Seen from the host: from capture to the last packet. Decoding and display on the client are not in this recording.',
    windows: (length: string) =>
      `Drawn from windows of ${length}: p50 and p99 are those of one window’s frames, stage by stage; the worst frame is exact. Exact quantiles of any range are here once the recording is saved.`,
    cursor: 'cursor',
    table: 'table',
    allKeys: 'All keys',
    chosen: 'Range',
    rangeOf: (span: string) => `Range ${span}`,
    rangeFacts: (length: string, windows: string, one: boolean) =>
      `${length} · ${one ? 'one window' : `${windows} windows`}`,
    rangeEmpty: 'No window lies in this range.',
    frames: 'Frames',
    fresh: 'New',
    repeats: 'Repeats',
    late: 'Late',
    sent: 'Sent',
    worstFrame: 'Worst frame',
    lowestP50: 'lowest p50',
    highestP50: 'highest p50',
    highestP99: 'highest p99',
    total: 'Total',
    rangeNote:
      'Lowest and highest of the windows that touch this range, not quantiles of it: those are not in windows. Counts and the worst frame are exact.',
    tableOf: 'Figures of the windows in this range, ms',
    stopped: 'This recording was stopped.',
    stoppedSaved: 'This recording was stopped and saved.',
    cut: 'The host ended while this was recorded, and has started again. What you see is what had come until then.',
    recovered: (length: string) =>
      `What it had on its disk was recovered: a recording of ${length}.`,
    restarted: (length: string) =>
      `The host was started anew. It had saved this before: a recording of ${length}.`,
    looking: 'Looking for what was recovered …',
    nothingFound: 'No recording of it was found.',
    open: 'Open the recording',
    openRecovered: 'Open the recovered recording',
  },
  {
    live: 'Live',
    since: (time) => `seit ${time}`,
    samples: (n, one) => (one ? 'ein Messpunkt' : `${n} Messpunkte`),
    verdict: 'Befund bisher',
    timeline: 'Zeitverlauf',
    ofSession: (session, of) => `Das gilt für Sitzung ${session}, eine von ${of}.`,
    stagesAt: 'Stufen bei',
    quantile: 'Quantil der Stufen',
    show: 'Gezeigter Teil',
    span: (length) => `Letzte ${length}`,
    all: 'Alles',
    asTable: 'Als Tabelle',
    following: 'Folgt',
    held: (behind) => `Angehalten · ${behind} zurück`,
    heldNow: 'Angehalten',
    follow: 'Folgen',
    stale: (time) => `Stand von ${time}`,
    mark: 'Moment markieren',
    markText: 'Was ist passiert?',
    markAt: (time) => `bei ${time}`,
    marker: 'Markierung',
    markers: 'Markierungen',
    moreMarkers: (n) => `${n} frühere stehen im Zeitverlauf.`,
    findings: 'Befunde bisher',
    moreFindings: (n, one) =>
      one
        ? 'Ein kleinerer Befund steht im Zeitverlauf.'
        : `${n} kleinere Befunde stehen im Zeitverlauf.`,
    reading: 'Wird gelesen …',
    waiting: 'Bereit. Die Aufzeichnung beginnt mit dem ersten Stream.',
    idle: 'Es läuft keine Aufzeichnung.',
    clean: (share, budget) => `Bisher kein Ruckeln. ${share} der Bilder blieben unter ${budget}.`,
    stuttered: (times, n) =>
      times === 1
        ? 'Bisher hat es einmal geruckelt.'
        : times === 2
          ? 'Bisher hat es zweimal geruckelt.'
          : `Bisher hat es ${n}-mal geruckelt.`,
    worstSide: (side, span) => ` Am stärksten: ${side}, ${span}.`,
    lateFrames: (late, of) => `${late} von ${of} Bildern kamen spät.`,
    slowest: (ms, at) => `Das langsamste brauchte ${ms} bei ${at}.`,
    slowestIn: (stage) => `Dort am weitesten über dem Üblichen: ${stage}.`,
    windowsWithin: (n, budget) =>
      `Bisher blieben alle ${n} Fenster beim 99. Perzentil im Budget von ${budget}.`,
    windowsOver: (n, of, budget) =>
      `Bisher lagen ${n} von ${of} Fenstern beim 99. Perzentil über dem Budget von ${budget}.`,
    noBudget: 'Der Modus nennt keine Bildrate, also gibt es kein Budget zum Vergleich.',
    noTotals: 'Bisher wurde von keinem Bild die Gesamtzeit gemessen.',
    truncated: 'Die Aufzeichnung erreichte ihre Grenze von 3 Stunden; spätere Fenster fehlen.',
    recordsLost: (n) => `${n} Bilddaten gingen auf dem Weg zum Rekorder verloren: eine Lücke.`,
    eventsLost: (n) => `${n} Ereignisse fehlen: Mehr hält die Aufzeichnung nicht.`,
    gaps: (n, one) => `${one ? 'Eine Lücke' : `${n} Lücken`}: Dort wurde nichts gemessen.`,
    slept: (from, to) =>
      `Dieser Rechner schlief von ${from} bis ${to}. Was inzwischen aufgezeichnet wurde, ist da.`,
    lateStrong: (n, one) => (one ? 'Ein spätes Bild' : `${n} späte Bilder`),
    lateRest: (length, ms, stage) =>
      `in ${length}; das langsamste brauchte ${ms}${stage === undefined ? '' : `, am weitesten über dem Üblichen: ${stage}`}.`,
    lateSight: 'Aus Fenstern: Welchen Anteil jede Stufe hat, steht nach dem Sichern hier.',
    lateFigure: (one) => (one ? 'spätes Bild' : 'späte Bilder'),
    worst: 'am größten',
    sight:
      'Gesehen vom Host aus: von der Aufnahme bis zum letzten Paket. Dekodieren und Anzeige beim Client sind nicht in dieser Aufzeichnung.',
    windows: (length) =>
      `Gezeichnet aus Fenstern von ${length}: p50 und p99 sind die der Bilder eines Fensters, je Stufe; das größte Bild ist exakt. Exakte Quantile jedes Bereichs gibt es, sobald die Aufzeichnung gesichert ist.`,
    cursor: 'Zeiger',
    table: 'Tabelle',
    allKeys: 'Alle Tasten',
    chosen: 'Bereich',
    rangeOf: (span) => `Bereich ${span}`,
    rangeFacts: (length, windows, one) =>
      `${length} · ${one ? 'ein Fenster' : `${windows} Fenster`}`,
    rangeEmpty: 'In diesem Bereich liegt kein Fenster.',
    frames: 'Bilder',
    fresh: 'Neu',
    repeats: 'Wiederholt',
    late: 'Spät',
    sent: 'Gesendet',
    worstFrame: 'Langsamstes Bild',
    lowestP50: 'kleinstes p50',
    highestP50: 'größtes p50',
    highestP99: 'größtes p99',
    total: 'Gesamt',
    rangeNote:
      'Kleinstes und größtes der Fenster, die den Bereich berühren, nicht Quantile des Bereichs: Die stehen nicht in Fenstern. Anzahlen und das größte Bild sind exakt.',
    tableOf: 'Werte der Fenster in diesem Bereich, ms',
    stopped: 'Diese Aufzeichnung wurde beendet.',
    stoppedSaved: 'Diese Aufzeichnung wurde beendet und gesichert.',
    cut: 'Der Host endete während der Aufzeichnung und ist neu gestartet. Zu sehen ist, was bis dahin ankam.',
    recovered: (length) =>
      `Was auf seiner Platte lag, ist gerettet: eine Aufzeichnung von ${length}.`,
    restarted: (length) =>
      `Der Host wurde neu gestartet. Vorher sicherte er dies: eine Aufzeichnung von ${length}.`,
    looking: 'Gerettetes wird gesucht …',
    nothingFound: 'Eine Aufzeichnung davon wurde nicht gefunden.',
    open: 'Aufzeichnung öffnen',
    openRecovered: 'Gerettete Aufzeichnung öffnen',
  },
);
