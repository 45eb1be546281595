// The version of recording files that is written today. Alone, because a page that only compares it should not load what
// reads files.

/** The seed's files carry none; version 1 had no frames file, and events in order of arrival. */
export const FORMAT_VERSION = 2;
