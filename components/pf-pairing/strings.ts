// Words of <pf-pairing>.
import { dictionary } from '../base/i18n.ts';

export const words = /* @__PURE__ */ dictionary(
  {
    heading: 'Pair a device',
    waiting: (n: number) => (n === 1 ? 'One device waits' : `${n} devices wait`),
    wants: (name: string, address: string) => `${name} at ${address} wants to be paired.`,
    unnamed: 'A device without a name',
    openOn: 'Open Moonlight on the device and choose this host:',
    thisHost: 'this computer',
    thenPin: 'The device then shows four digits. They are typed in here.',
    byHand: 'Not in its list? Add it there by hand:',
    byHandLocal: 'Not in its list? Add this computer’s address in your network there by hand.',
    byHandLocalPort: (port: string) =>
      `Not in its list? Add this computer’s address in your network there by hand, with port ${port}.`,
    from: (address: string) => `from ${address}`,
    fingerprint: 'fingerprint',
    waits: (age: string) => `waiting ${age}`,
    waitsOf: (age: string, limit: string) => `waiting ${age} of ${limit}`,
    pin: 'PIN on the device',
    pinFor: (name: string) => `PIN that ${name} shows`,
    name: 'Name here (optional)',
    pair: 'Pair device',
    pairOf: (name: string) => `Pair device: ${name}`,
    dismiss: 'Turn away',
    dismissOf: (name: string) => `Turn away: ${name}`,
    hide: 'Hide',
    hideOf: (name: string) => `Hide: ${name}`,
    badPin: 'The PIN has four digits.',
    verifying: 'Checking with the device …',
    paired: (name: string) => `${name} is paired.`,
    failed: 'Pairing failed.',
    failedBecause: (why: string) => `Pairing failed: ${why}`,
    nothingPaired: 'Nothing was paired. Start it again on the device.',
    wrongPin: 'This was not the PIN on the device.',
    timedOut: 'It took too long.',
    gone: 'The device ended the attempt.',
    replaced: 'The device started pairing again.',
    dismissed: 'Turned away.',
    wasOff: 'Pairing was switched off.',
    notSaved: 'The host could not store the device; its log says why.',
    disorder: 'The device did not keep to the order of pairing.',
    noAttempt: 'This device does not wait any more.',
    trust:
      'Pair on a network that you trust: the protocol protects pairing with these four digits alone. Elsewhere compare fingerprints. This host’s:',
    whole: 'The whole fingerprint',
    several: 'Type each PIN beside the device that shows it; the fingerprint tells them apart.',
    off: 'Pairing is switched off. No new device can be added.',
    offBecause: (why: string) => `Pairing is switched off: ${why}`,
    switchOn: 'Switch pairing on',
    switchOff: 'Switch pairing off',
  },
  {
    heading: 'Gerät koppeln',
    waiting: (n) => (n === 1 ? 'Ein Gerät wartet' : `${n} Geräte warten`),
    wants: (name, address) => `${name} unter ${address} möchte gekoppelt werden.`,
    unnamed: 'Ein Gerät ohne Namen',
    openOn: 'Öffne Moonlight auf dem Gerät und wähle diesen Host:',
    thisHost: 'dieser Rechner',
    thenPin: 'Das Gerät zeigt dann vier Ziffern. Die werden hier eingetippt.',
    byHand: 'Fehlt er in der Liste? Trag ihn dort von Hand ein:',
    byHandLocal:
      'Fehlt er in der Liste? Trag dort von Hand die Adresse ein, die dieser Rechner in deinem Netz hat.',
    byHandLocalPort: (port) =>
      `Fehlt er in der Liste? Trag dort von Hand die Adresse ein, die dieser Rechner in deinem Netz hat, mit Port ${port}.`,
    from: (address) => `von ${address}`,
    fingerprint: 'Fingerabdruck',
    waits: (age) => `wartet ${age}`,
    waitsOf: (age, limit) => `wartet ${age} von ${limit}`,
    pin: 'PIN auf dem Gerät',
    pinFor: (name) => `PIN, die ${name} zeigt`,
    name: 'Name hier (freiwillig)',
    pair: 'Gerät koppeln',
    pairOf: (name) => `Gerät koppeln: ${name}`,
    dismiss: 'Abweisen',
    dismissOf: (name) => `Abweisen: ${name}`,
    hide: 'Ausblenden',
    hideOf: (name) => `Ausblenden: ${name}`,
    badPin: 'Die PIN hat vier Ziffern.',
    verifying: 'Das Gerät prüft …',
    paired: (name) => `${name} ist gekoppelt.`,
    failed: 'Das Koppeln ist gescheitert.',
    failedBecause: (why) => `Das Koppeln ist gescheitert: ${why}`,
    nothingPaired: 'Nichts wurde gekoppelt. Starte es auf dem Gerät noch einmal.',
    wrongPin: 'Das war nicht die PIN auf dem Gerät.',
    timedOut: 'Es hat zu lange gedauert.',
    gone: 'Das Gerät hat den Versuch beendet.',
    replaced: 'Das Gerät hat das Koppeln neu begonnen.',
    dismissed: 'Abgewiesen.',
    wasOff: 'Das Koppeln wurde ausgeschaltet.',
    notSaved: 'Der Host konnte das Gerät nicht sichern; sein Protokoll sagt, warum.',
    disorder: 'Das Gerät hielt die Reihenfolge des Koppelns nicht ein.',
    noAttempt: 'Dieses Gerät wartet nicht mehr.',
    trust:
      'Kopple in einem Netz, dem du vertraust: Das Protokoll schützt das Koppeln nur mit diesen vier Ziffern. Anderswo vergleiche die Fingerabdrücke. Der dieses Hosts:',
    whole: 'Der ganze Fingerabdruck',
    several:
      'Tippe jede PIN neben dem Gerät ein, das sie zeigt; der Fingerabdruck unterscheidet sie.',
    off: 'Das Koppeln ist ausgeschaltet. Kein neues Gerät kann dazukommen.',
    offBecause: (why) => `Das Koppeln ist ausgeschaltet: ${why}`,
    switchOn: 'Koppeln einschalten',
    switchOff: 'Koppeln ausschalten',
  },
);

type Words = (typeof words)['en'];

/** Why an attempt failed, in the viewer's language where the code is known, else in the host's own words. */
export function whyFailed(
  failed: { readonly code?: string; readonly message?: string },
  t: Words,
): string {
  const key = BY_CODE[failed.code ?? ''];
  if (key !== undefined) return t[key];
  const { message = '' } = failed;
  return message === '' ? t.failed : t.failedBecause(message);
}

type Sentence = { [K in keyof Words]: Words[K] extends string ? K : never }[keyof Words];

const BY_CODE: Readonly<Record<string, Sentence>> = {
  wrong_pin: 'wrongPin',
  timed_out: 'timedOut',
  gave_up: 'gone',
  replaced: 'replaced',
  turned_away: 'dismissed',
  switched_off: 'wasOff',
  not_saved: 'notSaved',
  out_of_order: 'disorder',
  no_attempt: 'noAttempt',
};

/** The device knows, or somebody else wanted it so: nothing is left to be done. */
export const needsNothing = (code: string | undefined): boolean =>
  code === 'replaced' || code === 'turned_away';
