// Keys that are one character: easily pressed by accident, and by who speaks to their computer (WCAG 2.1.4). An element
// that has some is told to leave them alone by its property `keys`.

/** A character without a modifier that a browser or a screen reader would know; the space bar presses buttons. */
export function isCharacter({ key, ctrlKey, altKey, metaKey }: KeyboardEvent): boolean {
  return [...key].length === 1 && key !== ' ' && !ctrlKey && !altKey && !metaKey;
}

/** Somebody types: then a key is a letter. */
export function isTyping(event: Event): boolean {
  const [at] = event.composedPath();
  return (
    at instanceof HTMLInputElement ||
    at instanceof HTMLTextAreaElement ||
    at instanceof HTMLSelectElement ||
    (at instanceof HTMLElement && at.isContentEditable)
  );
}

/** Listens while the event goes down: what lies inside never hears of a character when these keys are off. */
export function silence(event: KeyboardEvent, keys: string | undefined): void {
  if (keys === 'off' && isCharacter(event) && !isTyping(event)) event.stopPropagation();
}
