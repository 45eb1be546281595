// A TCP relay before a server, which a test cuts: connections break, and no new one comes about until it is opened again.
import { connect, createServer, type Server, type Socket } from 'node:net';

export class TcpCut implements AsyncDisposable {
  /** Where it leads; undefined: nowhere yet. */
  target: URL | undefined;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #isOpen = true;

  private constructor() {
    this.#server = createServer((near) => {
      const { target } = this;
      if (!this.#isOpen || target === undefined) {
        near.destroy();
        return;
      }
      const far = connect(Number(target.port), target.hostname);
      for (const [from, to] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#sockets.add(from);
        from.on('error', () => to.destroy());
        from.on('close', () => {
          this.#sockets.delete(from);
          to.destroy();
        });
        from.pipe(to);
      }
    });
  }

  static async listen(): Promise<TcpCut> {
    const cut = new TcpCut();
    await new Promise<void>((done) => cut.#server.listen(0, '127.0.0.1', done));
    return cut;
  }

  /** `127.0.0.1:40123` */
  get name(): string {
    const at = this.#server.address();
    if (at === null || typeof at === 'string') throw new Error('the relay does not listen');
    return `127.0.0.1:${at.port}`;
  }

  close(): void {
    this.#isOpen = false;
    for (const socket of this.#sockets) socket.destroy();
  }

  open(): void {
    this.#isOpen = true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
    await new Promise((done) => this.#server.close(done));
  }
}
