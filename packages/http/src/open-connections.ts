import type { Socket } from 'node:net';
import type { Clock } from '@linux-patch/runtime';
import { type ConnectionLimits, createConnectionGate, type GatedConnection } from './connection-gate.ts';

/** Every accepted connection, also while it is in its handshake or upgraded. */
export interface OpenConnections {
  readonly size: number;
  readonly sockets: Iterable<Socket>;
  /** Takes a connection of this caller; false, and it is destroyed, when there is no room for it. */
  take(socket: Socket, caller: string): boolean;
  /** Takes one that needs no room of its own: of the program itself, or of root on its own socket. */
  takeOwn(socket: Socket): void;
  /** The caller at the other end of this socket, TLS or TCP, has shown a credential. */
  prove(socket: Socket): void;
}

/** TCP and TLS socket of a connection have this in common. */
function endOf({ remoteAddress, remotePort }: Pick<Socket, 'remoteAddress' | 'remotePort'>): string {
  return `${remoteAddress} ${remotePort}`;
}

export function trackConnections(limits: ConnectionLimits, clock: Clock): OpenConnections {
  const gate = createConnectionGate(limits, clock);
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
    take(socket, caller) {
      const gated = gate.admit(
        caller,
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
