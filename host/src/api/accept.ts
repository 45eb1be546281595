// Which of the forms that a route has a client would like best, by the header Accept (RFC 9110, 12.5.1).

/** The best of what is offered, the first of equals; undefined when none will do. No header: whatever comes first. */
export function preferred<T extends string>(
  accept: string | null,
  offers: readonly T[],
): T | undefined {
  if (accept === null || accept.trim() === '') return offers[0];
  const ranges = accept.split(',').map(rangeOf);
  const rated = offers
    .map((offer) => ({ offer, quality: qualityOf(offer, ranges) }))
    .filter(({ quality }) => quality > 0);
  return rated.toSorted((left, right) => right.quality - left.quality)[0]?.offer;
}

interface Range {
  readonly name: string;
  readonly quality: number;
}

/** `text/*;q=0.5`. Parameters of a type are not looked at: no form here comes in two. */
function rangeOf(text: string): Range {
  const [name = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase());
  const given = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
  const quality = given === undefined ? 1 : Number(given);
  return { name, quality: quality >= 0 && quality <= 1 ? quality : 0 };
}

/** What the most exact range that fits says. */
function qualityOf(offer: string, ranges: readonly Range[]): number {
  for (const name of [offer, `${offer.split('/')[0]}/*`, '*/*']) {
    const range = ranges.find((candidate) => candidate.name === name);
    if (range !== undefined) return range.quality;
  }
  return 0;
}
