// The three UDP sockets that all GameStream clients share: they are the engine's, and open as long as the host runs.
import type { Engine } from '../engine/engine.ts';
import type { CommandFields, Listener } from '../engine/messages.ts';
import { AppError, reasonOf } from '../errors.ts';
import type { Log } from '../log.ts';

type Medium = CommandFields<'listener.open'>['medium'];

export interface MediaPortsOptions {
  readonly engine: Engine;
  readonly log: Log;
  /** Base port of GameStream. */
  readonly gamestreamPort: number;
  /** Without it: every address of the machine, IPv4 and IPv6. */
  readonly address?: string | undefined;
  readonly dscp: boolean;
}

export class MediaPorts {
  readonly video: Listener;
  readonly audio: Listener;
  readonly control: Listener;
  readonly #options: MediaPortsOptions;

  /** Opens all three. Throws AppError naming the port that cannot be had, and leaves none open. */
  constructor(options: MediaPortsOptions) {
    this.#options = options;
    const opened: Listener[] = [];
    const open = (medium: Medium): Listener => {
      const listener = this.#open(medium);
      opened.push(listener);
      return listener;
    };
    try {
      this.video = open('video');
      this.control = open('control');
      this.audio = open('audio');
    } catch (error) {
      for (const listener of opened) this.#close(listener);
      throw error;
    }
  }

  close(): void {
    for (const listener of [this.video, this.control, this.audio]) this.#close(listener);
  }

  #open(medium: Medium): Listener {
    const { engine, address, gamestreamPort, dscp } = this.#options;
    const port = gamestreamPort + OFFSET[medium];
    const bind = (to: string): Listener =>
      engine.call('listener.open', { medium, address: to, port, dscp });
    try {
      if (address !== undefined) return bind(address);
      try {
        return bind('::');
      } catch (error) {
        if (!(error instanceof AppError) || error.code !== 'bind_failed') throw error;
        // A machine without IPv6; when the port is taken, this fails as well and says so.
        return bind('0.0.0.0');
      }
    } catch (error) {
      throw new AppError(
        409,
        'port_in_use',
        `UDP port ${port} (GameStream ${medium}) cannot be used: ${reasonOf(error)}`,
        { cause: error },
      );
    }
  }

  #close({ listener }: Listener): void {
    try {
      this.#options.engine.call('listener.close', { listener });
    } catch (error) {
      this.#options.log.debug('a media socket was gone already', { reason: reasonOf(error) });
    }
  }
}

/** Above GameStream's base port. */
const OFFSET: Readonly<Record<Medium, number>> = { video: 9, control: 10, audio: 11 };
