import { once } from 'node:events';
import { createServer } from 'node:net';

/** A loopback port that is free now. Somebody else may take it before it is used; callers see a clear bind error then. */
export async function freePort(host = '127.0.0.1'): Promise<number> {
  const server = createServer().listen(0, host);
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('the kernel gave no port');
  return address.port;
}
