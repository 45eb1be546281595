// A text that was taken out before a recording was shown to somebody: the file says where there was one, and so does the
// page. What was never there is nothing, or a dash.
import { dictionary, type Language } from './i18n.ts';

export const removedWords = /* @__PURE__ */ dictionary(
  {
    removed: 'removed',
    text: 'text removed',
    ...{ name: 'name', note: 'note', tags: 'tags' },
    all: (fields: string) => `${fields} removed`,
  },
  {
    removed: 'entfernt',
    text: 'Text entfernt',
    ...{ name: 'Name', note: 'Notiz', tags: 'Tags' },
    all: (fields) => `${fields} entfernt`,
  },
);

/** Whatever has fields: a recording, a session, an event, a machine. */
export interface Redacted {
  readonly redacted?: readonly string[];
}

export const isRemoved = (of: Redacted | undefined, field: string): boolean =>
  of?.redacted?.includes(field) === true;

/** "removed" where the field was; undefined where it never was. */
export function removedText(
  of: Redacted | undefined,
  field: string,
  language: Language,
): string | undefined {
  return isRemoved(of, field) ? removedWords[language].removed : undefined;
}

/** "name, note and tags removed": of what people added to a recording; undefined where nothing was. */
export function removedFields(of: Redacted | undefined, language: Language): string | undefined {
  const t = removedWords[language];
  const gone = (['name', 'note', 'tags'] as const).filter((field) => isRemoved(of, field));
  if (gone.length === 0) return undefined;
  const list = new Intl.ListFormat(language, { type: 'conjunction' });
  return t.all(list.format(gone.map((field) => t[field])));
}
