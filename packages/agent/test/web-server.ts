import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { TestAuthority } from '@linux-patch/pki/testing';

/** A certificate with its chain and key. */
export type Web = Pick<Awaited<ReturnType<TestAuthority['issueWeb']>>, 'chainPem' | 'privateKeyPem'>;

/** An HTTPS server of 127.0.0.1 on any free port. */
export async function startWebServer(
  { chainPem, privateKeyPem }: Web,
  answer: (request: IncomingMessage, response: ServerResponse) => void | Promise<void>,
) {
  const server = createServer(
    { cert: chainPem, key: privateKeyPem },
    (request, response) => void answer(request, response),
  ).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return {
    server,
    url: `https://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`,
    async [Symbol.asyncDispose](): Promise<void> {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** The text of a request, once it is there. */
export async function bodyOf(request: AsyncIterable<Buffer>): Promise<string> {
  let text = '';
  for await (const chunk of request) text += chunk.toString();
  return text;
}
