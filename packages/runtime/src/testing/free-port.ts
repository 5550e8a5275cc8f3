import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** Below where the kernel takes ports from for connections (`ip_local_port_range`, ip(7)). */
const FROM = 15_000;
const BELOW = 32_000;

async function isFree(port: number, host: string): Promise<boolean> {
  const server = createServer().listen(port, host);
  try {
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}

/**
 * A port where nobody listens now, for servers that are stopped and started again on it. No connection of another test
 * gets it meanwhile; another server may.
 */
export async function freePort(host = '127.0.0.1'): Promise<number> {
  for (let tries = 0; tries < 100; tries += 1) {
    const port = randomInt(FROM, BELOW);
    if (await isFree(port, host)) return port;
  }
  throw new Error(`no free port from ${FROM} to ${BELOW} on ${host}`);
}
