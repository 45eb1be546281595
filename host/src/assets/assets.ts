// Serves the page's files out of the executable: one lookup, gzip as stored, ETag, and for ever when the address
// carries the content's hash (`?v=`). Knows nothing of what the files are.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { EmbeddedAsset } from './embedded.ts';
import { builtInPages, type TextAsset } from './pages.ts';

interface Served {
  readonly contentType: string;
  readonly hash: string;
  readonly text?: string;
  readonly file?: string;
}

export class Assets {
  readonly #byPath: ReadonlyMap<string, Served>;

  /** Embedded files take the place of the built-in pages at the same address. */
  constructor(embedded: readonly EmbeddedAsset[]) {
    const pages = builtInPages.map((page): [string, Served] => [page.path, servedText(page)]);
    const files = embedded.map((asset): [string, Served] => [asset.path, asset]);
    this.#byPath = new Map([...pages, ...files]);
  }

  /** The file at a path, as the request wants it; undefined when there is none. */
  respond(request: Request, url: URL): Response | undefined {
    const asset = this.#byPath.get(url.pathname);
    if (asset === undefined) return undefined;
    const etag = `"${asset.hash}"`;
    const forEver = url.searchParams.get('v') === asset.hash;
    const headers: Record<string, string> = {
      'content-type': asset.contentType,
      'cache-control': forEver ? 'public, max-age=31536000, immutable' : 'no-cache',
      etag,
      vary: 'Accept-Encoding, Origin',
    };
    if (request.headers.get('if-none-match')?.includes(etag) === true) {
      return new Response(undefined, { status: 304, headers });
    }
    if (asset.file === undefined) return new Response(asset.text, { headers });
    const gzipped = readFileSync(asset.file);
    if (!/\bgzip\b/.test(request.headers.get('accept-encoding') ?? '')) {
      return new Response(gunzipSync(gzipped), { headers });
    }
    return new Response(gzipped, { headers: { ...headers, 'content-encoding': 'gzip' } });
  }
}

/** The name of a content, as `?v=` and ETag carry it. */
export function contentHash(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex').slice(0, 16);
}

function servedText({ contentType, text }: TextAsset): Served {
  return { contentType, text, hash: contentHash(text) };
}
