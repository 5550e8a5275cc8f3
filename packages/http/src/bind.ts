import type { Server } from 'node:net';

/** What a kernel without IPv6 says to `::` (ipv6.disable=1, or a build without it). */
const NO_IPV6: readonly unknown[] = ['EAFNOSUPPORT', 'EADDRNOTAVAIL', 'EPROTONOSUPPORT'];

/**
 * Connections that wait to be accepted while the program works; the kernel takes net.core.somaxconn (4096) if that is less
 * (listen(2)). Beyond them it drops without a word, and a caller tries again after 1, 3, 7 ... seconds: with Node's 511 a
 * fleet that comes back at once would lose hosts for minutes.
 */
const BACKLOG = 16_384;

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
  server.listen({ ...address, backlog: BACKLOG }, resolve);
  try {
    await promise;
  } finally {
    server.removeListener('error', reject);
    server.removeListener('listening', resolve);
  }
}
