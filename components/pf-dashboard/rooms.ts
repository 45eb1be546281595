// The rooms of the page, in the order of its head. Pure.

export const ROOMS = ['performance', 'test', 'host'] as const;
export type Room = (typeof ROOMS)[number];

/** What an address or an attribute names; the first room for everything else. */
export const roomOf = (text: string | undefined): Room =>
  ROOMS.find((room) => room === text) ?? 'performance';
