// IP addresses as text: one spelling for each, how they stand in a URL, and which of them are local. No DNS.
import { BlockList, isIP, isIPv6 } from 'node:net';

/** As compared and shown: no zone, and IPv4 that came through an IPv6 socket as plain IPv4. */
export function plainAddress(address: string): string {
  const bare = address.split('%', 1)[0] ?? '';
  const mapped = /^::ffff:(\d{1,3}(?:\.\d{1,3}){3})$/i.exec(bare)?.[1];
  return mapped ?? bare.toLowerCase();
}

/** As a URL wants it: IPv6 in brackets. */
export function urlHost(address: string): string {
  const plain = plainAddress(address);
  return isIPv6(plain) ? `[${plain}]` : plain;
}

/** Loopback, link-local or private: a peer on the same network. What is no address is not. */
export function isLocalAddress(address: string): boolean {
  const plain = plainAddress(address);
  const family = isIP(plain);
  return family !== 0 && LOCAL.check(plain, family === 6 ? 'ipv6' : 'ipv4');
}

const LOCAL = new BlockList();
LOCAL.addSubnet('127.0.0.0', 8, 'ipv4');
LOCAL.addSubnet('10.0.0.0', 8, 'ipv4');
LOCAL.addSubnet('172.16.0.0', 12, 'ipv4');
LOCAL.addSubnet('192.168.0.0', 16, 'ipv4');
LOCAL.addSubnet('169.254.0.0', 16, 'ipv4');
LOCAL.addAddress('::1', 'ipv6');
LOCAL.addSubnet('fc00::', 7, 'ipv6');
LOCAL.addSubnet('fe80::', 10, 'ipv6');
