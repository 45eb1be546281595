// A foreign page for tests: files of a folder, then the bundles, under a policy without any "unsafe".
import { existsSync, statSync } from 'node:fs';
import { join, normalize } from 'node:path';

export interface SiteOptions {
  /** Looked through in order. */
  readonly folders: readonly string[];
  /** Texts by path, before any folder. */
  readonly pages?: Readonly<Record<string, string>>;
  /** Where the page may connect to. */
  readonly connect?: string;
  /** Further directives, such as what a page's own framework needs. */
  readonly policy?: string;
}

export class Site implements AsyncDisposable {
  readonly #server: Bun.Server<undefined>;
  readonly #options: SiteOptions;
  connect: string;

  constructor(options: SiteOptions) {
    this.#options = options;
    this.connect = options.connect ?? "'none'";
    this.#server = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      fetch: (request) => this.#answer(new URL(request.url).pathname),
    });
  }

  get origin(): string {
    return `http://127.0.0.1:${this.#server.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.stop(true);
  }

  #answer(pathname: string): Response {
    const path = pathname === '/' ? '/index.html' : normalize(pathname);
    const headers = {
      'content-security-policy': `default-src 'none'; script-src 'self'; style-src 'self'; worker-src 'self'; connect-src ${this.connect}; ${this.#options.policy ?? ''}`,
    };
    const text = this.#options.pages?.[path];
    if (text !== undefined) {
      const type = path.endsWith('.js') ? 'text/javascript' : 'text/html; charset=utf-8';
      return new Response(text, { headers: { ...headers, 'content-type': type } });
    }
    const file = this.#options.folders
      .map((folder) => join(folder, path))
      .find((candidate) => existsSync(candidate) && statSync(candidate).isFile());
    return file === undefined
      ? new Response('There is no such file.', { status: 404 })
      : new Response(Bun.file(file), { headers });
  }
}
