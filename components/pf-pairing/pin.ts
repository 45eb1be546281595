// What is typed or pasted as a PIN, and where a device finds this host. Pure.

/** The first four digits of what was typed: `PIN: 12 34` is 1234. Digits of other scripts are no digits of a PIN. */
export const digitsOf = (typed: string): string => typed.replace(/[^0-9]/g, '').slice(0, 4);

export const isPin = (text: string): boolean => /^[0-9]{4}$/.test(text);

/**
 * The address to type into a client by hand: the one under which this page reached the host. Undefined when that is only
 * known on the host itself.
 */
export function addressFor(url: string, gamestreamPort: number): string | undefined {
  if (!URL.canParse(url)) return undefined;
  const { hostname } = new URL(url);
  if (hostname === '' || /^(localhost|127\..*|\[::1\])$/.test(hostname)) return undefined;
  return hasUsualPort(gamestreamPort) ? hostname : `${hostname}:${gamestreamPort}`;
}

/** 0: the host did not say; then it is the usual one. */
export const hasUsualPort = (gamestreamPort: number): boolean =>
  gamestreamPort === 0 || gamestreamPort === 47_989;
