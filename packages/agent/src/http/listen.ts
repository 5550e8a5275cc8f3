import type { Server } from 'node:net';
import { dirname } from 'node:path';
import { messageOf, PatchError } from '@linux-patch/contract';
import { bind } from '@linux-patch/http';
import type { Files, PortHolder } from '@linux-patch/runtime';

/** Where to listen; port 0 takes any free one. */
export interface ListenAddress {
  readonly bind: string;
  readonly port: number;
}

/** Names the process that listens on a port; undefined when nobody can say. */
export type FindHolder = (port: number) => Promise<PortHolder | undefined>;

/**
 * Binds and listens, with SO_REUSEADDR (libuv sets it on every listener), so connections in TIME_WAIT do not stop a
 * restart.
 * @throws PatchError `BIND_FAILED` that names the process in the way where /proc shows it.
 */
export async function listen(
  server: Server,
  address: ListenAddress,
  findHolder: FindHolder,
): Promise<{ readonly address: string; readonly port: number }> {
  try {
    await bind(server, { host: address.bind, port: address.port });
  } catch (error) {
    throw await bindFailure(error as NodeJS.ErrnoException, address, findHolder);
  }
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('the listener has no TCP address');
  return { address: bound.address, port: bound.port };
}

const SOCKET_MODE = 0o600;
/** Nobody but the owner may use what is made while this is in force. */
const PRIVATE_UMASK = 0o177;

/**
 * Listens on a Unix socket that only root (or the user of this process) can open, in a folder that nobody else can enter.
 * @returns the path
 * @throws PatchError `BIND_FAILED`
 */
export async function listenLocally(server: Server, path: string, files: Files): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  try {
    await files.makeFolder(dirname(path), 0o700);
    // What a crash left; there is no second instance.
    await files.remove(path);
    // Bound in this call, so that the socket has its mode from its first instant on.
    const before = process.umask(PRIVATE_UMASK);
    try {
      server.listen({ path }, resolve);
    } finally {
      process.umask(before);
    }
    await promise;
    await files.setMode(path, SOCKET_MODE);
    return path;
  } catch (cause) {
    throw new PatchError('BIND_FAILED', `Cannot listen on the socket ${path}: ${messageOf(cause)}.`, {
      cause,
    });
  } finally {
    server.removeListener('error', reject);
  }
}

async function bindFailure(
  error: NodeJS.ErrnoException,
  { bind: host, port }: ListenAddress,
  findHolder: FindHolder,
): Promise<PatchError> {
  const where = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  const fail = (message: string, details: Readonly<Record<string, unknown>> = {}): PatchError =>
    new PatchError('BIND_FAILED', `Cannot listen on ${where}: ${message}`, {
      cause: error,
      details: { bind: host, port, reason: error.code, ...details },
    });
  switch (error.code ?? 'unknown') {
    case 'EADDRINUSE': {
      const holder = await findHolder(port).catch(() => undefined);
      if (!holder) {
        return fail(
          `the port is in use by another process, which /proc does not name. Find it, as root, with "ss -ltnp sport = :${port}", stop it, or choose another server.port.`,
        );
      }
      return fail(
        `the port is in use by ${holder.program} (pid ${holder.pid}). Stop that process or choose another server.port, then start the agent again.`,
        { holder_pid: holder.pid, holder_program: holder.program },
      );
    }
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return fail(
        'this host does not have that address now. When it does not come (DHCP, VPN), set server.bind to an address of the host, 0.0.0.0 or ::.',
      );
    case 'EACCES':
      return fail(
        'ports below 1024 need CAP_NET_BIND_SERVICE, which the agent does not have. Choose a higher port, or give it that: "systemctl edit linux-patch-api" with [Service], CapabilityBoundingSet=CAP_NET_BIND_SERVICE and AmbientCapabilities=CAP_NET_BIND_SERVICE.',
      );
    default:
      return fail(`${error.message}.`);
  }
}
