// Which recordings of a list are looked for, in which order. Some cannot be judged before they were looked into: they are
// named, and left out until then. Pure.
import type { CaptureMeta } from '../../contract/stats.ts';
import { type Order, ordered } from './order.ts';
import { matches, parseSearch, type Told } from './search.ts';

export interface ChoiceWish {
  readonly list: readonly CaptureMeta[];
  readonly search: string;
  readonly order: Order;
  readonly language: string;
  readonly nameOf: (meta: CaptureMeta) => string;
  readonly told: (id: string) => Told | undefined;
  /** Nothing more will be told of it than is. */
  readonly isSettled: (meta: CaptureMeta) => boolean;
}

export interface Choice {
  readonly shown: readonly CaptureMeta[];
  /** Ids of those to look into. */
  readonly undecided: readonly string[];
}

export function choose(wish: ChoiceWish): Choice {
  const terms = parseSearch(wish.search);
  const undecided: string[] = [];
  const found = wish.list.filter((meta) => {
    const is = matches(meta, terms, wish.told(meta.id));
    if (is === undefined && !wish.isSettled(meta)) undecided.push(meta.id);
    return is === true;
  });
  return { shown: ordered(found, wish.order, wish.nameOf, wish.language), undecided };
}
