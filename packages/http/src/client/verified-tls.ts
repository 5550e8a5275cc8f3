import { once } from 'node:events';
import { isIP } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import type { Attempt } from './shake-hands.ts';

/**
 * Shakes hands with whoever proves by a certificate to be this host.
 * @param host a name, or an address without brackets
 * @param ca authorities to believe, PEM
 * @throws Node's error of the handshake; the reason of the signal
 */
export async function verifiedTls(
  host: string,
  { wire, groups, signal }: Attempt,
  ca: string | string[],
): Promise<TLSSocket> {
  const socket = connect({
    ...groups,
    socket: wire,
    host,
    rejectUnauthorized: true,
    // RFC 6066 §3: a literal address is no server name.
    ...(isIP(host) ? {} : { servername: host }),
    ca,
  });
  // Errors after this reach the request that uses the connection.
  socket.on('error', () => {});
  await once(socket, 'secureConnect', { signal });
  return socket;
}
