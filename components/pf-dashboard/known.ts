// Whether enough is known for a part of the page to stand where it stays: what comes later must not push what is there.
// A question that will never be answered, or a host that does not answer at all, is waited for no longer.
import type { HostState } from './host-state.ts';

/** Of what every room begins with. */
export const hasBegun = ({ failure, hasAnswered }: HostState): boolean =>
  failure !== undefined || hasAnswered;

export function knowsClients(state: HostState): boolean {
  return state.clients !== undefined || state.refusal('clients') !== undefined;
}

/** Of the host's room: its lists follow each other, and each stands on those above it. */
export function knowsHost(state: HostState): boolean {
  if (!hasHostParts()) return false;
  if (state.failure !== undefined) return true;
  const isKnown = (topic: 'pairing' | 'sessions'): boolean =>
    state[topic] !== undefined || state.refusal(topic) !== undefined;
  const isListed = state.recordings !== undefined || state.refusal('status') !== undefined;
  const lists = isListed && isKnown('pairing') && isKnown('sessions') && knowsClients(state);
  return lists && hasBegun(state);
}

/** What comes with the host's room came. */
export const hasHostParts = (): boolean =>
  HOST_PARTS.every((name) => customElements.get(name) !== undefined);

export const hostPartsCame = (): Promise<unknown> =>
  Promise.all(HOST_PARTS.map((name) => customElements.whenDefined(name)));

const HOST_PARTS = ['pf-sessions', 'pf-clients', 'pf-tokens', 'pf-retention'] as const;
