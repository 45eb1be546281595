// Words of <pf-injected>.
import { dictionary } from '../base/i18n.ts';

export const words = /* @__PURE__ */ dictionary(
  {
    heading: 'Injected, and found',
    reading: 'Reading the recording …',
    noTruth: 'What was really done to the frames this host does not tell. Nothing is claimed here.',
    injected: 'Injected',
    found: 'Found',
    notDone: 'Not carried out: the stream was over before its frame was due.',
    frames: (n: string, one: boolean) => (one ? 'in one frame' : `in ${n} frames`),
    stall: (ms: string, one: boolean) => (one ? ms : `up to ${ms}`),
    packets: (n: string, one: boolean) => (one ? 'one packet' : `${n} packets`),
    keyFrames: (n: string, one: boolean) => (one ? 'one key frame made' : `${n} key frames made`),
    sessionFrames: (n: string) => `${n} frames of its own`,
    at: (time: string) => `at ${time}`,
    span: (time: string) => `from ${time}`,
    unplaced: 'its place in the recording is not known',
    nothingFound: 'No finding names it.',
    noneExpected: 'Not a stutter by itself: it stands on the event lane.',
    other: 'The findings name something else there:',
    look: 'Look at it',
    lookAt: (name: string) => `Look at it: ${name}`,
    own: (n: string, one: boolean) =>
      one
        ? 'One more finding has nothing to do with the plan: this machine did that by itself.'
        : `${n} more findings have nothing to do with the plan: this machine did that by itself.`,
    how: 'Injected: from the truth log that the scripted parts wrote themselves. Found: from the frame records alone.',
  },
  {
    heading: 'Eingebaut und gefunden',
    reading: 'Die Aufzeichnung wird gelesen …',
    noTruth:
      'Was mit den Bildern wirklich geschah, sagt dieser Host nicht. Hier wird nichts behauptet.',
    injected: 'Eingebaut',
    found: 'Gefunden',
    notDone: 'Nicht ausgeführt: Der Strom war zu Ende, bevor sein Bild an der Reihe war.',
    frames: (n, one) => (one ? 'in einem Bild' : `in ${n} Bildern`),
    stall: (ms, one) => (one ? ms : `bis zu ${ms}`),
    packets: (n, one) => (one ? 'ein Paket' : `${n} Pakete`),
    keyFrames: (n, one) => (one ? 'ein Keyframe erzeugt' : `${n} Keyframes erzeugt`),
    sessionFrames: (n) => `${n} eigene Bilder`,
    at: (time) => `bei ${time}`,
    span: (time) => `von ${time}`,
    unplaced: 'wo in der Aufzeichnung, ist nicht bekannt',
    nothingFound: 'Kein Befund nennt es.',
    noneExpected: 'Für sich kein Ruckeln: Es steht auf der Ereignisspur.',
    other: 'Die Befunde nennen dort etwas anderes:',
    look: 'Ansehen',
    lookAt: (name) => `Ansehen: ${name}`,
    own: (n, one) =>
      one
        ? 'Ein weiterer Befund hat mit dem Plan nichts zu tun: Das war dieser Rechner selbst.'
        : `${n} weitere Befunde haben mit dem Plan nichts zu tun: Das war dieser Rechner selbst.`,
    how: 'Eingebaut: aus dem Wahrheitsprotokoll, das die gesteuerten Teile selbst schrieben. Gefunden: allein aus den Bildeinträgen.',
  },
);
