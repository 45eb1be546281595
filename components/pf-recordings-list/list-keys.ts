// Where a key leads in a list that is one stop: to another row, into the row's own menu, or nowhere. Pure.

export interface ListPlace {
  /** Of the row that has the focus; -1: none. */
  readonly at: number;
  readonly rows: number;
  /** Rows side by side. */
  readonly columns: number;
  /** The focus is on the row's menu and not on the row. */
  readonly isMenu: boolean;
}

export interface ListStep {
  readonly row: number;
  readonly isMenu: boolean;
}

/** Undefined: the key is not one of the list's. */
export function stepOf(key: string, place: ListPlace): ListStep | undefined {
  const { at, rows, columns, isMenu } = place;
  const row = (to: number): ListStep => ({
    row: Math.max(0, Math.min(rows - 1, to)),
    isMenu: false,
  });
  switch (key) {
    case 'ArrowDown':
      return at + columns < rows ? row(at + columns) : { row: at, isMenu };
    case 'ArrowUp':
      return at - columns >= 0 ? row(at - columns) : { row: at, isMenu };
    case 'ArrowRight':
      if (at < 0) return row(0);
      return isMenu ? row(at + 1) : { row: at, isMenu: true };
    case 'ArrowLeft':
      return isMenu ? row(at) : row(at - 1);
    case 'Home':
      return row(0);
    case 'End':
      return row(rows - 1);
    case 'PageDown':
      return row(at + PAGE_ROWS);
    case 'PageUp':
      return row(at - PAGE_ROWS);
    default:
      return undefined;
  }
}

const PAGE_ROWS = 10;
