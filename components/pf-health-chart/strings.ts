// Words of <pf-health-chart>.
import { dictionary } from '../base/i18n.ts';

export const words = /* @__PURE__ */ dictionary(
  {
    heading: 'Health',
    unit: 'per window',
    onThisPath: 'not measured on this path',
    rowNotMeasured: (name: string) => `${name}: not measured on this path`,
    label: 'Losses per window, one row a counter, each with its own maximum',
    summary: (length: string) => `Health, ${length}.`,
    total: (name: string, n: string) => `${name}: ${n}.`,
    caption: 'Per window; where several windows share a row, the largest',
  },
  {
    heading: 'Zustand',
    unit: 'je Fenster',
    onThisPath: 'nicht gemessen auf diesem Weg',
    rowNotMeasured: (name) => `${name}: nicht gemessen auf diesem Weg`,
    label: 'Verluste je Fenster, eine Zeile je Zähler, jede mit eigenem Maximum',
    summary: (length) => `Zustand, ${length}.`,
    total: (name, n) => `${name}: ${n}.`,
    caption: 'Je Fenster; wo sich mehrere Fenster eine Zeile teilen, das größte',
  },
);
