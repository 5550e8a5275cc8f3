import type { Socket } from 'node:net';
import { addressPrefix } from '@linux-patch/pki';
import { type Clock, createConnectionGate, type GatedConnection } from '@linux-patch/runtime';

/** Beside the manager, many tools may keep connections; each costs some 50 kB. */
const MAX_CONNECTIONS = 1_024;
/** Of one address (IPv6: of one /64) that have not shown a certificate yet; a handshake takes some milliseconds. */
const UNPROVEN_PER_ADDRESS = 32;

/** Every accepted connection, also while it is in its handshake or upgraded. */
export interface OpenConnections {
  readonly size: number;
  readonly sockets: Iterable<Socket>;
  /**
   * Takes a connection from this address; false when there is no room for it. Of connections without a certificate the
   * oldest goes for a new one, those that say nothing first.
   */
  take(socket: Socket, address: string): boolean;
  /** Takes one that needs no room of its own: of the agent itself, or of root on its own socket. */
  takeOwn(socket: Socket): void;
  /** The client at the other end of this socket, TLS or TCP, has shown a certificate that may call. */
  prove(socket: Socket): void;
}

/** TCP and TLS socket of a connection have this in common. */
function endOf({ remoteAddress, remotePort }: Pick<Socket, 'remoteAddress' | 'remotePort'>): string {
  return `${remoteAddress} ${remotePort}`;
}

export function trackConnections(clock: Clock): OpenConnections {
  const gate = createConnectionGate(
    { total: MAX_CONNECTIONS, unprovenPerCaller: UNPROVEN_PER_ADDRESS },
    clock,
  );
  const sockets = new Set<Socket>();
  const gates = new Map<string, GatedConnection>();
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  };
  return {
    sockets,
    get size() {
      return sockets.size;
    },
    take(socket, address) {
      const gated = gate.admit(
        addressPrefix(address),
        () => socket.destroy(),
        () => socket.bytesRead === 0,
      );
      if (!gated) {
        socket.destroy();
        return false;
      }
      const end = endOf(socket);
      gates.set(end, gated);
      socket.once('close', () => {
        gated.release();
        if (gates.get(end) === gated) gates.delete(end);
      });
      keep(socket);
      return true;
    },
    takeOwn: keep,
    prove: (socket) => gates.get(endOf(socket))?.prove(),
  };
}
