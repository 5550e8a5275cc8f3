import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';

/** The name or address in a URL, without the brackets of IPv6. */
export function hostOf(url: Pick<URL, 'hostname'>): string {
  return url.hostname.replace(/^\[(.*)\]$/, '$1');
}

/** Looks up all addresses of a name. */
export type Resolve = (name: string) => Promise<string[]>;

/** All addresses of a name by the system's resolver; a literal address is itself. Rejects when the name does not resolve. */
export const addressesOf: Resolve = async (name) =>
  isIP(name) ? [name] : (await lookup(name, { all: true })).map((one) => one.address);

/**
 * Waits for the system's resolver for as long as the signal does not abort: it cannot be stopped, and with name servers that
 * say nothing it takes half a minute and more.
 */
export async function unlessStopped<T>(work: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  signal?.throwIfAborted();
  const { promise: stopped, reject } = Promise.withResolvers<never>();
  const stop = (): void => reject(signal?.reason as Error);
  signal?.addEventListener('abort', stop, { once: true });
  try {
    return await Promise.race([work(), stopped]);
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}
