/** A file or an answer that is not what it should be; the message says what is wrong with it. */
export class FormatError extends Error {
  override readonly name = 'FormatError';
}
