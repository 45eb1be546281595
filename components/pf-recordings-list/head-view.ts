// The head of the list: how many there are, the line of search and the order, and the choice of what to compare. Templates
// only.
import { html, nothing, type TemplateResult } from 'lit';
import type { Format } from '../base/format.ts';
import { ORDERS, type Order } from './order.ts';
import { words } from './strings.ts';

export interface HeadView {
  /** Undefined before the first answer. */
  readonly all: number | undefined;
  readonly shown: number;
  readonly search: string;
  readonly order: Order;
  /** Somebody lays recordings over each other. */
  readonly comparable: boolean;
  /** How many are chosen for a comparison; undefined: nobody is choosing. */
  readonly picked: number | undefined;
  readonly onSearch: (search: string) => void;
  readonly onOrder: (order: Order) => void;
  readonly onPick: (isOn: boolean) => void;
  readonly onCompare: () => void;
}

export function renderHead(view: HeadView, format: Format): TemplateResult {
  const t = words[format.language];
  const { all } = view;
  return html`<div class="head"><h2>${t.heading}</h2>${
    all === undefined ? nothing : html`<span class="t3 s">${countOf(view, all, format)}</span>`
  }<span class="grow"></span>${renderCompare(view, format)}</div>${
    all === undefined || all === 0 ? nothing : renderFind(view, format)
  }`;
}

function countOf({ search, shown }: HeadView, all: number, format: Format): string {
  const t = words[format.language];
  return search.trim() === '' ? format.count(all) : t.ofAll(format.count(shown), format.count(all));
}

function renderCompare(
  { all = 0, comparable, picked, onPick, onCompare }: HeadView,
  format: Format,
): unknown {
  const t = words[format.language];
  if (picked === undefined) {
    return all < 2 || !comparable
      ? nothing
      : html`<button class="btn ghost" @click=${() => onPick(true)}>${t.compare}</button>`;
  }
  return html`<button class="btn primary" ?disabled=${picked < 2} title=${t.pickSome} @click=${onCompare}>${t.compareN(format.count(picked))}</button
    ><button class="btn ghost" @click=${() => onPick(false)}>${t.cancel}</button>`;
}

function renderFind(view: HeadView, format: Format): TemplateResult {
  const t = words[format.language];
  const onSearch = ({ target }: Event): void => {
    if (target instanceof HTMLInputElement) view.onSearch(target.value);
  };
  const onOrder = ({ target }: Event): void => {
    const order = ORDERS.find((one) => target instanceof HTMLSelectElement && one === target.value);
    if (order !== undefined) view.onOrder(order);
  };
  return html`<div class="find" role="search">
    <span class="line"><input type="search" aria-label=${t.search} autocomplete="off" spellcheck="false" placeholder=${t.searchHint} title=${t.grammar} .value=${view.search}
      @input=${onSearch} /><kbd aria-hidden="true">/</kbd></span>
    <select aria-label=${t.order} @change=${onOrder}>${ORDERS.map(
      (one) => html`<option value=${one} ?selected=${one === view.order}>${t[one]}</option>`,
    )}</select>
  </div>`;
}
