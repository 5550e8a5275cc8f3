import type { Socket } from 'node:net';
import { dial, type Resolve } from '@linux-patch/http/client';
import { Client, type PoolConfig } from 'pg';

/** A server that takes no connection, or takes it and says nothing, counts as away after this. */
const CONNECT_LIMIT_MS = 10_000;

/** Pools hand all of it to their clients. */
export interface BoundedConfig extends PoolConfig {
  readonly resolve?: Resolve | undefined;
}

/** An open socket for a driver that opens what it is given. */
function alreadyOpen(socket: Socket): Socket {
  return Object.assign(socket, {
    connect() {
      process.nextTick(() => socket.emit('connect'));
      return socket;
    },
  });
}

/** A client of a pool that reaches its server by whichever address answers first, and gives that less time than a place in the queue. */
export class BoundedClient extends Client {
  readonly #resolve: Resolve | undefined;

  constructor(config: BoundedConfig = {}) {
    // The pool hides the password from whoever lists its options.
    super({ ...config, password: config.password, connectionTimeoutMillis: CONNECT_LIMIT_MS });
    this.#resolve = config.resolve;
    // A connection that ends between two statements is told to the next one; without a listener it would end the manager.
    this.on('error', () => {});
  }

  override connect(): Promise<Client>;
  override connect(done: (error: Error | null) => void): void;
  override connect(done?: (error: Error | null) => void): Promise<Client> | undefined {
    if (!done) return this.#open();
    void this.#tell(done);
    return undefined;
  }

  /** Ends it without a word to a server that may hear none. */
  hangUp(): void {
    this.connection.stream.destroy();
  }

  async #open(): Promise<Client> {
    await this.#reach();
    return super.connect();
  }

  /** Pools wait for a call, which comes once. */
  async #tell(done: (error: Error | null) => void): Promise<void> {
    let failure: Error | null = null;
    try {
      await this.#open();
    } catch (error) {
      failure = error as Error;
    }
    done(failure);
  }

  /** The driver's own way tries one address after the other and gives each up after an instant. */
  async #reach(): Promise<void> {
    const { host, port } = this;
    if (host.startsWith('/')) return;
    const signal = AbortSignal.timeout(CONNECT_LIMIT_MS);
    try {
      const socket = await dial({ host, port, signal, resolve: this.#resolve });
      Object.assign(this.connection, { stream: alreadyOpen(socket) });
    } catch (error) {
      if (!signal.aborted) throw error;
      throw new Error(`no connection came about within ${CONNECT_LIMIT_MS / 1000} s`, { cause: error });
    }
  }
}
