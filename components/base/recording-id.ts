// How an element is told which recording it shows: the property and its attribute.
import type { PropertyDeclaration } from 'lit';

/** Taken away, the attribute is as if it never was; Lit alone would make it null. */
export const recordingIdProperty: PropertyDeclaration<string | undefined, unknown> = {
  ...{ type: String, attribute: 'recording-id' },
  converter: (id) => id ?? undefined,
};
