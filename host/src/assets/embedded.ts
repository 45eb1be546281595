// What the build puts into the executable. scripts/build.ts replaces this module; run from source it is empty, and
// files come from dist/web and the engine from engine/target.

/** One file of the page, gzipped, at the address that it is served from. */
export interface EmbeddedAsset {
  readonly path: string;
  readonly contentType: string;
  /** Hash of the uncompressed content. */
  readonly hash: string;
  /** Where the gzipped bytes lie. */
  readonly file: string;
}

export const embeddedAssets: readonly EmbeddedAsset[] = [];

/** The engine's library. */
export const embeddedEngine: string | undefined = undefined;
