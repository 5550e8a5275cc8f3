import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import type { FuzzedRequest } from './requests.ts';

/** What came back, as it came. */
export interface RawAnswer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

/** Where it goes, and with which certificates: options of `node:https`, or of `node:http` with the path of a socket. */
export type Where = Omit<RequestOptions, 'headers'>;

/**
 * Sends a request and reads its answer; of a stream of events, which may never end, only that it begins.
 * A connection that the program closed meanwhile is made anew, once.
 */
export async function ask(where: Where, request: FuzzedRequest): Promise<RawAnswer> {
  try {
    return await askOnce(where, request);
  } catch {
    return askOnce({ ...where, agent: false }, request);
  }
}

function askOnce(where: Where, { method, target, headers, body }: FuzzedRequest): Promise<RawAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<RawAnswer>();
  const send = where.socketPath === undefined ? httpsRequest : httpRequest;
  const outgoing: ClientRequest = send({
    ...where,
    // What is in `Host` is not whom we call.
    servername: '',
    method,
    path: target,
    headers: headers as Record<string, string>,
  });
  outgoing.once('error', reject);
  outgoing.once('response', (incoming) => {
    // What is said of the connection after the answer has begun is no news.
    outgoing.on('error', () => {});
    readAnswer(incoming).then(resolve, reject);
  });
  outgoing.end(body);
  return promise;
}

async function readAnswer(incoming: IncomingMessage): Promise<RawAnswer> {
  const type = incoming.headers['content-type'] ?? '';
  const status = incoming.statusCode ?? 0;
  if (type.startsWith('text/event-stream')) {
    incoming.destroy();
    return { status, type, text: '' };
  }
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return { status, type, text: Buffer.concat(chunks).toString('utf8') };
}
