// Two typed dictionaries an element, and which of them an element speaks. A missing German key fails the type check.
// Texts that take values are functions, so that word order is the language's own business.

export type Language = 'en' | 'de';

/** A text, or a function from values to a text. */
type Entry = string | ((...values: never[]) => string);

/** The same keys with the same parameters. */
export type Translation<T extends Record<string, Entry>> = {
  readonly [K in keyof T]: T[K] extends (...values: infer V) => string
    ? (...values: V) => string
    : string;
};

export type Dictionary<T extends Record<string, Entry>> = Readonly<
  Record<Language, Translation<T>>
>;

export function dictionary<T extends Record<string, Entry>>(
  en: T,
  de: NoInfer<Translation<T>>,
): Dictionary<T> {
  // A T is its own translation: the mapped type only forgets literal types.
  return { en: en as unknown as Translation<T>, de };
}

/** `de-AT` → `de`; a language without a dictionary → undefined. */
export function supported(tag: string | null | undefined): Language | undefined {
  const primary = tag?.trim().toLowerCase().split('-')[0];
  return primary === 'en' || primary === 'de' ? primary : undefined;
}

/** The element's own `lang`, else the closest one around it, through shadow roots, else the browser's, else English. */
export function languageOf(element: Element, preferred: readonly string[]): Language {
  for (let at: Element | undefined = element; at !== undefined; at = around(at)) {
    const found = supported(at.getAttribute('lang'));
    if (found !== undefined) return found;
  }
  for (const tag of preferred) {
    const found = supported(tag);
    if (found !== undefined) return found;
  }
  return 'en';
}

function around(element: Element): Element | undefined {
  if (element.parentElement !== null) return element.parentElement;
  const root = element.getRootNode();
  return root instanceof ShadowRoot ? root.host : undefined;
}
