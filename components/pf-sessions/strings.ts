// Words of <pf-sessions>.
import { dictionary } from '../base/i18n.ts';

export const words = /* @__PURE__ */ dictionary(
  {
    heading: 'Streams',
    of: (n: string, most: string) => `${n} of ${most}`,
    none: 'Nobody watches right now.',
    app: (title: string, since: string, who: string) =>
      who === ''
        ? `${title} runs since ${since}.`
        : `${title} runs since ${since}, started by ${who}.`,
    endApp: 'End app',
    endAppOf: (title: string) => `End app: ${title}`,
    sureApp: (title: string) =>
      `End ${title}? Every stream of it ends, and what is not saved in it is lost.`,
    endAppNow: 'End the app',
    endingApp: 'Ending …',
    appEnded: 'The app was ended.',
    end: 'End stream',
    endOf: (who: string) => `End stream: ${who}`,
    sure: (who: string) =>
      `End the stream to ${who}? The app goes on, and the device may come back.`,
    endNow: 'End this stream',
    ending: 'Ending …',
    ended: (who: string) => `The stream to ${who} was ended.`,
    keep: 'Let it run',
    starting: 'starting',
    waiting: 'waits for the device',
    closing: 'ending',
    weak: 'weak encryption',
    weakWhy: 'An old client: the encryption of its input can be broken. Update it.',
    controlOn: 'input encrypted',
    videoOn: 'video encrypted',
    videoOff: 'video in clear',
    audioOn: 'sound encrypted',
    audioOff: 'sound in clear',
    mode: 'Mode',
    codec: 'Codec',
    encoder: 'Encoder',
    source: 'Source',
    bitrate: 'Bitrate',
    rtt: 'Round trip',
    lost: 'Packets lost',
    recovered: 'Rebuilt',
    since: 'Since',
    unnamed: 'A client without a name',
  },
  {
    heading: 'Streams',
    of: (n, most) => `${n} von ${most}`,
    none: 'Gerade sieht niemand zu.',
    app: (title, since, who) =>
      who === ''
        ? `${title} läuft seit ${since}.`
        : `${title} läuft seit ${since}, gestartet von ${who}.`,
    endApp: 'App beenden',
    endAppOf: (title) => `App beenden: ${title}`,
    sureApp: (title) =>
      `${title} beenden? Alle Streams davon enden, und was darin nicht gesichert ist, geht verloren.`,
    endAppNow: 'Die App beenden',
    endingApp: 'Wird beendet …',
    appEnded: 'Die App ist beendet.',
    end: 'Stream beenden',
    endOf: (who) => `Stream beenden: ${who}`,
    sure: (who) =>
      `Den Stream an ${who} beenden? Die App läuft weiter, und das Gerät darf wiederkommen.`,
    endNow: 'Diesen Stream beenden',
    ending: 'Wird beendet …',
    ended: (who) => `Der Stream an ${who} ist beendet.`,
    keep: 'Laufen lassen',
    starting: 'startet',
    waiting: 'wartet auf das Gerät',
    closing: 'endet',
    weak: 'schwache Verschlüsselung',
    weakWhy:
      'Ein alter Client: Die Verschlüsselung seiner Eingaben lässt sich brechen. Aktualisiere ihn.',
    controlOn: 'Eingaben verschlüsselt',
    videoOn: 'Bild verschlüsselt',
    videoOff: 'Bild im Klartext',
    audioOn: 'Ton verschlüsselt',
    audioOff: 'Ton im Klartext',
    mode: 'Modus',
    codec: 'Codec',
    encoder: 'Encoder',
    source: 'Quelle',
    bitrate: 'Bitrate',
    rtt: 'Umlauf',
    lost: 'Pakete verloren',
    recovered: 'Ersetzt',
    since: 'Seit',
    unnamed: 'Ein Client ohne Namen',
  },
);
