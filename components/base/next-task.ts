// Lets the page breathe between two pieces of long work: what was pressed, scrolled or drawn meanwhile comes first.

export const nextTask = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));
