// What /serverinfo says of this machine's own addresses, and the network card behind one.
import { networkInterfaces } from 'node:os';

/** For `LocalIP`: an IPv4 address; clients ignore 127.0.0.1. */
export function localIpv4(localAddress: string): string {
  return localAddress.includes(':') ? '127.0.0.1' : localAddress;
}

/** MAC of the card that has this address; zeros, which clients ignore, when none has. */
export function macOf(
  localAddress: string,
  interfaces: ReturnType<typeof networkInterfaces> = networkInterfaces(),
): string {
  const bare = localAddress.replace(/%.*$/, '');
  const all = Object.values(interfaces).flatMap((addresses) => addresses ?? []);
  return all.find((entry) => entry.address === bare)?.mac ?? NO_MAC;
}

export const NO_MAC = '00:00:00:00:00:00';
