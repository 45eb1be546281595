// Words of <pf-latency-chart>.
import { dictionary } from '../base/i18n.ts';

export const words = /* @__PURE__ */ dictionary(
  {
    heading: 'Latency by stage',
    lane: 'Latency',
    unit: 'ms',
    p50: 'median of each stage, stacked',
    p99: '99th percentile of each stage; these do not add up',
    tableP50: 'Median of each stage, ms; where several windows share a row, their mean',
    tableP99: '99th percentile of each stage, ms; where several windows share a row, the largest',
    quantile: 'Quantile of the stages',
    totalP50: 'Total p50',
    totalP99: 'Total p99',
    budget: 'Budget',
    budgetLine: (ms: string) => `Budget ${ms}`,
    mark: (ms: string) => `p99 ${ms}`,
    summary: (length: string, kind: string) => `Latency by stage, ${length}${kind}.`,
    summaryBudget: (ms: string, over: string, judged: string) =>
      `Frame budget ${ms} milliseconds. Windows over budget at the 99th percentile: ${over} of ${judged}.`,
    summaryWorst: (ms: string, at: string) =>
      `Largest 99th percentile ${ms} milliseconds at ${at}.`,
    summaryStage: (stage: string) => `Slowest stage there: ${stage}.`,
    spoken: (at: string, figures: string) => `${at}: ${figures}`,
    over: 'over budget',
    composed: (quantile: string) =>
      quantile === 'p99' ? 'stages of the slowest 1% of the frames' : 'stages of the frames at p50',
    tableComposed: (quantile: string) =>
      quantile === 'p99'
        ? 'Mean of each stage over the slowest 1% of the frames, ms; totals are exact quantiles'
        : 'Mean of each stage over the frames around the median, ms; totals are exact quantiles',
    worst: 'Worst frame',
    worstUnit: 'ms, log',
    worstLabel: 'Worst frame of each moment, coloured by the stage that was slow',
    worstHere: 'Worst here',
    overBudget: 'Over budget',
  },
  {
    heading: 'Latenz je Stufe',
    lane: 'Latenz',
    unit: 'ms',
    p50: 'Median jeder Stufe, gestapelt',
    p99: '99. Perzentil jeder Stufe; sie addieren sich nicht',
    tableP50: 'Median jeder Stufe, ms; wo sich mehrere Fenster eine Zeile teilen, ihr Mittel',
    tableP99:
      '99. Perzentil jeder Stufe, ms; wo sich mehrere Fenster eine Zeile teilen, das größte',
    quantile: 'Quantil der Stufen',
    totalP50: 'Gesamt p50',
    totalP99: 'Gesamt p99',
    budget: 'Budget',
    budgetLine: (ms) => `Budget ${ms}`,
    mark: (ms) => `p99 ${ms}`,
    summary: (length, kind) => `Latenz je Stufe, ${length}${kind}.`,
    summaryBudget: (ms, over, judged) =>
      `Bildbudget ${ms} Millisekunden. Fenster über Budget beim 99. Perzentil: ${over} von ${judged}.`,
    summaryWorst: (ms, at) => `Größtes 99. Perzentil ${ms} Millisekunden bei ${at}.`,
    summaryStage: (stage) => `Langsamste Stufe dort: ${stage}.`,
    spoken: (at, figures) => `${at}: ${figures}`,
    over: 'über Budget',
    composed: (quantile) =>
      quantile === 'p99' ? 'Stufen der langsamsten 1 % der Bilder' : 'Stufen der Bilder bei p50',
    tableComposed: (quantile) =>
      quantile === 'p99'
        ? 'Mittel jeder Stufe über die langsamsten 1 % der Bilder, ms; Gesamt sind exakte Quantile'
        : 'Mittel jeder Stufe über die Bilder um den Median, ms; Gesamt sind exakte Quantile',
    worst: 'Langsamstes Bild',
    worstUnit: 'ms, log',
    worstLabel: 'Das langsamste Bild jedes Moments in der Farbe der Stufe, die langsam war',
    worstHere: 'Langsamstes',
    overBudget: 'Über Budget',
  },
);
