import type { Server } from 'node:net';

/** What a kernel without IPv6 says to `::` (ipv6.disable=1, or a build without it). */
const NO_IPV6: readonly unknown[] = ['EAFNOSUPPORT', 'EADDRNOTAVAIL', 'EPROTONOSUPPORT'];

/**
 * Binds and listens. `::` takes IPv6 and IPv4 (libuv turns IPV6_V6ONLY off), and where the kernel has no IPv6 it becomes
 * `0.0.0.0`.
 *
 * @throws Node's error of the address that was asked for
 */
export async function bind(
  server: Server,
  address: { readonly host: string; readonly port: number },
): Promise<void> {
  try {
    await listenOnce(server, address);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (address.host !== '::' || !NO_IPV6.includes(code)) throw error;
    await listenOnce(server, { ...address, host: '0.0.0.0' });
  }
}

async function listenOnce(
  server: Server,
  address: { readonly host: string; readonly port: number },
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen(address, resolve);
  try {
    await promise;
  } finally {
    server.removeListener('error', reject);
    server.removeListener('listening', resolve);
  }
}
