import { request as httpRequest, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Sends one request over a connection that is open, and TLS already where it is to be, and waits for the head of the
 * answer. The connection is not used again.
 *
 * @throws Node's error of the connection; the reason of the signal
 */
export async function askOver(
  connection: Socket,
  asked: {
    readonly method: string;
    /** Path and query. */
    readonly target: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body?: string | undefined;
    /** Ends also the reading of the answer. */
    readonly signal: AbortSignal;
  },
): Promise<IncomingMessage> {
  const { method, target: path, headers, body, signal } = asked;
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const outgoing = httpRequest(
    {
      createConnection: () => connection,
      method,
      path,
      signal,
      headers: { accept: 'application/json', ...headers, connection: 'close' },
    },
    resolve,
  );
  outgoing.on('error', reject);
  outgoing.end(body);
  return promise;
}
