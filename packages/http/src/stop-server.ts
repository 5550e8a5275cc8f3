import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { type Clock, within } from '@linux-patch/runtime';

/** A whole program ends within two seconds. */
const STOP_LIMIT_MS = 1_500;

/** Takes no more connections, and lets running answers finish for at most a second and a half. */
export async function stopServer(
  server: Pick<Server, 'close' | 'closeIdleConnections'>,
  sockets: Iterable<Socket>,
  clock: Clock,
): Promise<void> {
  const closed = Promise.withResolvers<void>();
  server.close(() => closed.resolve());
  server.closeIdleConnections();
  await within(clock, STOP_LIMIT_MS, closed.promise);
  for (const socket of sockets) socket.destroy();
  await closed.promise;
}
