import { once } from 'node:events';
import { connect as connectTcp, createServer } from 'node:net';
import { connect } from 'node:tls';
import { PatchError } from '@linux-patch/contract';
import { connectionFault } from '@linux-patch/http/client';

const TIMEOUT_MS = 5_000;

/** Where a server that is bound to an address can be reached from the same host. */
function reachable(address: string): string {
  // A listener on :: takes IPv4 too, and a host without any IPv6 address has no ::1.
  return address === '0.0.0.0' || address === '::' ? '127.0.0.1' : address;
}

/** A free port of this address. */
async function freePort(host: string): Promise<number> {
  const holder = createServer().listen(0, host);
  await once(holder, 'listening');
  const bound = holder.address();
  holder.close();
  await once(holder, 'close');
  if (bound === null || typeof bound === 'string') throw new Error('no port to connect from');
  return bound.port;
}

/** A server of this host. */
interface OwnServer {
  readonly address: string;
  readonly port: number;
}

/** How often a port is looked for: another program may take it between its finding and its use. */
const ATTEMPTS = 3;
const PORT_TAKEN: readonly unknown[] = ['EADDRINUSE', 'EADDRNOTAVAIL'];

/**
 * Shakes hands with a server of this host, without a client certificate, and returns the serial number of the
 * certificate that it proves to have the key of; lower-case hex.
 *
 * @param expect told from which port it connects, by which the server knows the check
 * @throws PatchError `CERT_UNSUITABLE` when no handshake comes about.
 */
export async function servedSerial(
  server: OwnServer,
  expect: (localPort: number) => Disposable,
): Promise<string> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const localPort = await freePort(reachable(server.address));
      using _expected = expect(localPort);
      return await serialFrom(server, localPort);
    } catch (cause) {
      if (attempt < ATTEMPTS && cause instanceof Error && 'code' in cause && PORT_TAKEN.includes(cause.code))
        continue;
      const why = `The agent cannot be reached over TLS on its own port (${connectionFault(cause)}).`;
      throw new PatchError('CERT_UNSUITABLE', why, { cause });
    }
  }
}

async function serialFrom(server: OwnServer, localPort: number): Promise<string> {
  const host = reachable(server.address);
  const tcp = connectTcp({ host, port: server.port, localAddress: host, localPort });
  const socket = connect({
    socket: tcp,
    minVersion: 'TLSv1.3',
    // Only who answers matters; whom the certificate convinces was judged before it came here.
    rejectUnauthorized: false,
  });
  tcp.setTimeout(TIMEOUT_MS, () => socket.destroy(new Error('no answer')));
  tcp.on('error', (error) => socket.destroy(error));
  // TLS 1.3: the server refuses the missing client certificate only after it has shown its own.
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  socket.on('error', () => {});
  socket.once('close', () => resolve());
  try {
    await once(socket, 'secureConnect');
    const serial = (socket.getPeerX509Certificate()?.serialNumber ?? '').toLowerCase();
    // Left to the server to end, so that it still knows whose connection that was.
    socket.resume();
    await ended;
    return serial;
  } finally {
    socket.destroy();
  }
}
