// `pair`: lists devices that wait, or enters the PIN that one shows and waits until it is paired.
import { PairingAttempt, PairingState } from '../../../contract/clients.ts';
import { type Command, exitCode, textFlag, UsageError } from './command.ts';
import { HOST_OPTIONS, hostApi } from './host-api.ts';
import { ago, jsonText, plain, tableText } from './output.ts';

export const pair: Command = {
  name: 'pair',
  summary: 'pair a device that shows a PIN',
  forms: [
    { words: '', doc: 'List the devices that want to be paired.' },
    {
      words: 'PIN',
      doc: 'Enter the four digits that the device shows; ends when it is paired or not.',
      options: ['attempt', 'name'],
    },
  ],
  options: {
    attempt: { value: 'ID', doc: 'Which device, when several wait.' },
    name: { value: 'NAME', doc: 'What to call it from now on.' },
    ...HOST_OPTIONS,
  },
  async run(flags, context, [pin]) {
    if (pin !== undefined && !/^\d{4}$/.test(pin)) {
      throw new UsageError('a PIN is four digits');
    }
    const host = hostApi(flags, context);
    if (pin === undefined) {
      const state = await host.ask<PairingState>('GET', '/pairing', PairingState);
      context.out(flags['json'] === true ? jsonText(state) : stateText(state));
      return exitCode.ok;
    }
    const attemptId = textFlag(flags, 'attempt');
    const name = textFlag(flags, 'name');
    const attempt = await host.ask<PairingAttempt>('POST', '/clients/pin', PairingAttempt, {
      body: {
        pin,
        ...(attemptId === undefined ? {} : { attempt_id: attemptId }),
        ...(name === undefined ? {} : { name }),
      },
      withinMs: ATTEMPT_MS,
    });
    context.out(
      flags['json'] === true
        ? jsonText(attempt)
        : `${plain(attempt.name)} is paired (certificate ${attempt.fingerprint.slice(0, 16)}).\n`,
    );
    return exitCode.ok;

    function stateText(state: PairingState): string {
      const waiting = state.attempts.filter(({ phase }) => phase === 'waiting_for_pin');
      const off = state.enabled
        ? ''
        : `Pairing is switched off${state.disabled_because === undefined ? '' : `: ${plain(state.disabled_because)}`}.\n`;
      const rows = waiting.map(({ attempt_id, name, address, fingerprint, started_unix_ms }) => [
        attempt_id,
        name,
        address,
        fingerprint.slice(0, 16),
        ago(started_unix_ms, state.now_unix_ms),
      ]);
      const heading = ['ATTEMPT', 'NAME', 'ADDRESS', 'CERTIFICATE', 'SINCE'];
      return `${off}${tableText(context, heading, rows, 'No device waits for a PIN.')}`;
    }
  },
};

/** Longer than the host lets an attempt live: it is the one that ends it. */
const ATTEMPT_MS = 20 * 60_000;
