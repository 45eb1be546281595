// Gzip out of files of anybody: a small one may unpack to anything, and is given up where no recording reaches.

/** Rejects with a RangeError beyond `most` bytes, and with what the platform says of bytes that are no gzip. */
export async function unpacked(
  bytes: Uint8Array<ArrayBuffer>,
  most = MOST_BYTES,
): Promise<Uint8Array<ArrayBuffer>> {
  const reader = new Blob([bytes])
    .stream()
    .pipeThrough(new DecompressionStream('gzip'))
    .getReader();
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) break;
      length += value.length;
      if (length > most) throw new RangeError(`unpacks to more than ${most} bytes`);
      pieces.push(value);
    }
  } catch (error) {
    void reader.cancel().catch(() => undefined);
    throw error;
  }
  return new Uint8Array(await new Blob(pieces).arrayBuffer());
}

/** Sixteen sessions of three hours. */
const MOST_BYTES = 256 * 1024 * 1024;
