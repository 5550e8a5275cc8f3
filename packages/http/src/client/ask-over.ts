import { request as httpRequest, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Sends one request over a connection that is open, and TLS already where it is to be, and waits for the head of the
 * answer. The connection is not used again, unless it is to be kept: then it emits `free` when the answer was read to its
 * end and both sides keep it.
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
    readonly keep?: boolean;
  },
): Promise<IncomingMessage> {
  const { method, target: path, headers, body, signal, keep = false } = asked;
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const outgoing = httpRequest(
    {
      createConnection: () => connection,
      method,
      path,
      signal,
      headers: { accept: 'application/json', ...headers, connection: keep ? 'keep-alive' : 'close' },
    },
    resolve,
  );
  outgoing.on('error', reject);
  outgoing.end(body);
  return promise;
}
