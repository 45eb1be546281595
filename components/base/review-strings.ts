// Words of the elements over single frames.
import { dictionary } from './i18n.ts';

export const reviewWords = /* @__PURE__ */ dictionary(
  {
    reading: 'Reading frames …',
    readingShare: (percent: string) => `Reading frames … ${percent}%`,
    noRecording: 'No recording is chosen.',
    noFrames: 'This recording holds no single frames: only its windows can be shown.',
  },
  {
    reading: 'Bilder werden gelesen …',
    readingShare: (percent) => `Bilder werden gelesen … ${percent}\u00a0%`,
    noRecording: 'Es ist keine Aufzeichnung gewählt.',
    noFrames: 'Diese Aufzeichnung enthält keine Einzelbilder: Zu sehen sind nur ihre Fenster.',
  },
);
