import type { Clock, Logger } from '@linux-patch/runtime';
import { findAddress } from './address.ts';

/** Addresses of a host name; rejects when it cannot be resolved. */
export type Resolve = (name: string) => Promise<string[]>;

/** A name server that says nothing for so long says nothing. */
const RESOLVE_TIMEOUT_MS = 5_000;

/** Keeps the last known addresses of host names: a name server that fails takes nothing away. */
export class HostNames {
  readonly #known = new Map<string, readonly string[]>();
  readonly #resolve: Resolve;
  readonly #clock: Clock;
  readonly #logger: Logger;

  constructor(options: { readonly resolve: Resolve; readonly clock: Clock; readonly logger: Logger }) {
    this.#resolve = options.resolve;
    this.#clock = options.clock;
    this.#logger = options.logger;
  }

  addressesOf(name: string): readonly string[] {
    return this.#known.get(name) ?? [];
  }

  /** Resolves all names at once and forgets others. Ends within 5 s, at once when the signal aborts; never rejects. */
  async refresh(names: readonly string[], signal: AbortSignal): Promise<void> {
    for (const name of this.#known.keys()) if (!names.includes(name)) this.#known.delete(name);
    await Promise.all(names.map((name) => this.#refreshOne(name, signal)));
  }

  async #refreshOne(name: string, signal: AbortSignal): Promise<void> {
    const done = new AbortController();
    const limit = AbortSignal.any([signal, done.signal]);
    try {
      const answer = await Promise.race([this.#resolve(name), this.#expire(limit)]);
      const addresses = answer.filter((text) => findAddress(text) !== undefined);
      if (addresses.length === 0) throw new Error('the name has no address');
      this.#known.set(name, addresses);
    } catch (error) {
      if (signal.aborted) return;
      this.#logger.warn('host name of the allow list cannot be resolved; its last known addresses stay', {
        host: name,
        addresses: this.addressesOf(name),
        error,
      });
    } finally {
      done.abort();
    }
  }

  async #expire(signal: AbortSignal): Promise<never> {
    await this.#clock.sleep(RESOLVE_TIMEOUT_MS, signal);
    throw new Error(`no answer within ${RESOLVE_TIMEOUT_MS / 1_000} s`);
  }
}
