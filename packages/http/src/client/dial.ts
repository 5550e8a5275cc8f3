import { connect, isIP, type Socket } from 'node:net';
import { addressesOf, type Resolve, unlessStopped } from './addresses.ts';

/** How long an attempt is alone before the next address is tried beside it (RFC 8305 §5). */
const HEAD_START_MS = 250;
/** A name with more addresses than this gains nothing by the rest. */
const MOST_ADDRESSES = 8;
/** What says that this host has no way there, and nothing about what is there. */
const NO_WAY: readonly unknown[] = ['ENETUNREACH', 'EHOSTUNREACH', 'EADDRNOTAVAIL', 'EAFNOSUPPORT'];

/** Where to connect to. */
interface Destination {
  /** A name, or an address without brackets. */
  readonly host: string;
  readonly port: number;
  readonly signal: AbortSignal;
  readonly resolve?: Resolve | undefined;
}

/** Both families in turn, beginning with that of the first address (RFC 8305 §4). */
export function inTurn(addresses: readonly string[]): string[] {
  const family = isIP(addresses[0] ?? '');
  const first = addresses.filter((one) => isIP(one) === family);
  const second = addresses.filter((one) => isIP(one) !== family);
  const longer = Array.from({ length: Math.max(first.length, second.length) });
  const mixed = longer.flatMap((_, index) => [first[index], second[index]]);
  return mixed.filter((one) => one !== undefined).slice(0, MOST_ADDRESSES);
}

/**
 * Connects to whichever address of a name answers first. No attempt is given up for another: where one family has no way
 * and the other is slow, the slow one has all the time that the signal leaves.
 *
 * @throws Node's error of the most telling attempt, that of the resolver, or the signal's reason
 */
export async function dial({ host, port, signal, resolve = addressesOf }: Destination): Promise<Socket> {
  const addresses = inTurn(await unlessStopped(() => resolve(host), signal));
  if (addresses.length === 0) {
    throw Object.assign(new Error(`${host} has no address`), { code: 'ENOTFOUND' });
  }
  const race = new Race(addresses, port);
  const stop = (): void => race.fail(signal.reason as Error);
  signal.addEventListener('abort', stop, { once: true });
  try {
    race.start();
    return await race.won;
  } finally {
    signal.removeEventListener('abort', stop);
    race.end();
  }
}

class Race {
  readonly #waiting: string[];
  readonly #port: number;
  readonly #running = new Set<Socket>();
  readonly #errors: Error[] = [];
  readonly #outcome = Promise.withResolvers<Socket>();
  #headStart: NodeJS.Timeout | undefined;

  constructor(addresses: readonly string[], port: number) {
    this.#waiting = [...addresses];
    this.#port = port;
  }

  get won(): Promise<Socket> {
    return this.#outcome.promise;
  }

  /** Tries the next address, and the one after it when this takes long or fails. */
  start(): void {
    clearTimeout(this.#headStart);
    const host = this.#waiting.shift();
    if (host === undefined) return;
    const socket = connect({ host, port: this.#port });
    this.#running.add(socket);
    socket.once('connect', () => {
      this.#running.delete(socket);
      this.#outcome.resolve(socket);
    });
    // After the race, errors reach what is spoken over the connection.
    socket.on('error', (error) => this.#lose(socket, error));
    if (this.#waiting.length > 0) this.#headStart = setTimeout(() => this.start(), HEAD_START_MS);
  }

  fail(reason: Error): void {
    this.#outcome.reject(reason);
  }

  /** Ends whatever has not won. */
  end(): void {
    clearTimeout(this.#headStart);
    this.#waiting.length = 0;
    for (const socket of this.#running) socket.destroy();
    this.#running.clear();
  }

  #lose(socket: Socket, error: Error): void {
    if (!this.#running.delete(socket)) return;
    this.#errors.push(error);
    if (this.#waiting.length > 0) this.start();
    else if (this.#running.size === 0) this.#outcome.reject(this.#mostTelling());
  }

  #mostTelling(): Error {
    const telling = this.#errors.find(({ code }: NodeJS.ErrnoException) => !NO_WAY.includes(code));
    return telling ?? this.#errors[0] ?? new Error('nothing was tried');
  }
}
