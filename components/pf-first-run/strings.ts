// Words of <pf-first-run>.
import { dictionary } from '../base/i18n.ts';

export const words = /* @__PURE__ */ dictionary(
  {
    heading: 'First steps',
    progress: (done: string, all: string) => `${done} of ${all} done`,
    capture: 'Start a capture',
    captureHow: 'It waits and costs nothing until something streams.',
    pair: 'Pair a device',
    pairHow: 'Open Moonlight there, choose this host, type its four digits in here.',
    pairGo: 'Show pairing',
    play: 'Play',
    playHow: 'Start the app on the device, until it stutters or for a few minutes.',
    playGo: 'Or inject a stutter',
    look: 'Stop, and look',
    lookHow: 'Stop and save the capture. The page then says whether and why it stuttered.',
    done: 'done',
    open: 'open',
    dismiss: 'Put away',
    finished: 'That was all of it.',
  },
  {
    heading: 'Erste Schritte',
    progress: (done, all) => `${done} von ${all} erledigt`,
    capture: 'Aufzeichnung starten',
    captureHow: 'Sie wartet und kostet nichts, bis etwas streamt.',
    pair: 'Gerät koppeln',
    pairHow: 'Dort Moonlight öffnen, diesen Host wählen, seine vier Ziffern hier eintippen.',
    pairGo: 'Koppeln zeigen',
    play: 'Spielen',
    playHow: 'Starte die App auf dem Gerät, bis es ruckelt oder ein paar Minuten lang.',
    playGo: 'Oder Ruckeln einbauen',
    look: 'Beenden und nachsehen',
    lookHow:
      'Beende und sichere die Aufzeichnung. Die Seite sagt dann, ob und warum es geruckelt hat.',
    done: 'erledigt',
    open: 'offen',
    dismiss: 'Weglegen',
    finished: 'Das war alles.',
  },
);
