// Inputs without what tells who somebody is or what they play: for a recording that nobody asked for and that will be
// sent to somebody else. What is not known to be harmless goes; figures, modes and code words stay.
import type { Negotiated } from '../../../contract/stats.ts';
import type { CapturedSession, CaptureInput, SessionEvent } from '../../../recording/src/inputs.ts';
import { isSaid, reasonsIn, redactedIn } from '../../../recording/src/redact-capture.ts';

/** The same inputs; clients are `client 1`, `client 2` … in the order in which they came. */
export function redacted(inputs: readonly CaptureInput[]): CaptureInput[] {
  const names = new Names();
  for (const input of inputs) if (input.kind === 'session') names.learn(input.session);
  return inputs.map((input) => {
    switch (input.kind) {
      case 'session':
        return { ...input, session: redactedSession(input.session, names) };
      case 'event':
        return { ...input, event: redactedEvent(input.event, names) };
      case 'session_ended':
        return { ...input, reason: names.isWord(input.reason) ? input.reason : 'ended' };
      default:
        return input;
    }
  });
}

class Names {
  readonly #clients = new Map<string, string>();
  readonly #private = new Set<string>();

  learn({ client, app }: CapturedSession): void {
    this.labelOf(client);
    for (const name of [client, app ?? '']) this.#private.add(name.toLowerCase());
  }

  labelOf(client: string): string {
    const known = this.#clients.get(client);
    if (known !== undefined) return known;
    const label = `client ${this.#clients.size + 1}`;
    this.#clients.set(client, label);
    return label;
  }

  /** A word of ours, as `host_send`: no sentence, address or path, and nobody's name. */
  isWord(text: string): boolean {
    return /^[a-z][a-z0-9_]{0,39}$/.test(text) && !this.#private.has(text);
  }
}

function redactedSession(session: CapturedSession, names: Names): CapturedSession {
  const { app, negotiated, ...rest } = session;
  const gone = [
    ...(isSaid(app) ? ['app'] : []),
    ...(negotiated === undefined ? [] : reasonsIn(negotiated)),
  ];
  return {
    ...rest,
    client: names.labelOf(session.client),
    ...(negotiated === undefined ? {} : { negotiated: redactedNegotiated(negotiated) }),
    ...redactedIn(session, gone),
  };
}

/** Reasons are sentences: they name displays, devices and folders. */
function redactedNegotiated(negotiated: Negotiated): Negotiated {
  const {
    source_refused,
    encoder_refused,
    encoder_detail: _detail,
    encryption,
    ...rest
  } = negotiated;
  const withoutReasons = (refused: readonly { readonly name: string }[]) =>
    refused.map(({ name }) => ({ name, reason: '' }));
  return {
    ...rest,
    ...(source_refused && { source_refused: withoutReasons(source_refused) }),
    ...(encoder_refused && { encoder_refused: withoutReasons(encoder_refused) }),
    ...(encryption && {
      encryption: {
        control: encryption.control,
        video: encryption.video,
        audio: encryption.audio,
      },
    }),
  };
}

function redactedEvent(event: SessionEvent, names: Names): SessionEvent {
  const { detail, ...rest } = event;
  const kind = names.isWord(event.kind) ? event.kind : 'event';
  const isKept = ([key, value]: readonly [string, unknown]): boolean =>
    typeof value !== 'string' || (WORD_KEYS.has(key) && names.isWord(value));
  const all = Object.entries(detail ?? {});
  const kept = all.filter(isKept);
  const gone = all.filter((one) => !isKept(one) && one[1] !== '').map(([key]) => key);
  return {
    ...rest,
    kind,
    ...(kept.length === 0 ? {} : { detail: Object.fromEntries(kept) }),
    ...redactedIn(event, gone),
  };
}

/** Details whose texts are words of ours. */
const WORD_KEYS = new Set(['why', 'reason', 'answer', 'outcome', 'stage', 'state', 'where']);
