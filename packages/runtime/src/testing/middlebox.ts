import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** What of a path's packet size is left for TCP's payload on nearly every path. */
const ONE_PACKET_BYTES = 1_400;

/** Something on the way that takes only connections whose first words fit into one packet. */
export interface Middlebox extends AsyncDisposable {
  readonly url: string;
  /** Sizes of the first words, in bytes. */
  readonly greetings: readonly number[];
}

/** Starts it before a port of 127.0.0.1; what it does not take it cuts, or it says nothing more. */
export async function startMiddlebox(port: number, manner: 'cuts' | 'drops'): Promise<Middlebox> {
  const sockets = new Set<Socket>();
  const greetings: number[] = [];
  const server = createServer((client) => {
    sockets.add(client);
    client.on('error', () => {});
    client.once('data', (hello) => {
      greetings.push(hello.length);
      if (hello.length > ONE_PACKET_BYTES) {
        if (manner === 'cuts') client.resetAndDestroy();
        return;
      }
      const upstream = connect(port, '127.0.0.1');
      sockets.add(upstream);
      upstream.on('error', () => client.destroy());
      upstream.write(hello);
      client.pipe(upstream).pipe(client);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return {
    url: `https://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`,
    greetings,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
