// Words of the elements over single frames.
import { dictionary } from './i18n.ts';

export const reviewWords = /* @__PURE__ */ dictionary(
  {
    reading: 'Reading frames …',
    readingShare: (percent: string) => `Reading frames … ${percent}%`,
    noRecording: 'No recording is chosen.',
    noFrames: 'This recording holds windows only: single frames were not kept.',
    notOfSession: 'No single frame of this session was kept.',
    notHere: (frames: string) =>
      `This needs the ${frames} single frames of the recording, and they are not here.`,
    handIn: 'The page around hands them in as',
    orNames: 'or names the recording for a host that has them:',
  },
  {
    reading: 'Bilder werden gelesen …',
    readingShare: (percent) => `Bilder werden gelesen … ${percent}\u00a0%`,
    noRecording: 'Es ist keine Aufzeichnung gewählt.',
    noFrames: 'Diese Aufzeichnung enthält nur Fenster: Einzelne Bilder wurden nicht aufbewahrt.',
    notOfSession: 'Von dieser Sitzung wurde kein einzelnes Bild aufbewahrt.',
    notHere: (frames) =>
      `Dazu braucht es die ${frames} Einzelbilder der Aufzeichnung, und die sind nicht hier.`,
    handIn: 'Die Seite ringsum gibt sie herein als',
    orNames: 'oder nennt die Aufzeichnung für einen Host, der sie hat:',
  },
);
