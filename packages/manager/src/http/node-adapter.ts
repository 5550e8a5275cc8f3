import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { errorEnvelope, PatchError } from '@linux-patch/contract';
import type { Clock, Logger, Random } from '@linux-patch/runtime';
import type { Hono } from 'hono';

/** What the app learns beside the request. */
export interface RequestFacts {
  /** Address the connection comes from; forwarding headers are not believed. */
  readonly observedAddress: string;
  /** The whole body, within the limit. */
  readonly bodyText: string;
  /** Aborts when the caller hangs up or the server stops. */
  readonly signal: AbortSignal;
}

/** Types of the manager's Hono app. */
export interface ManagerEnv {
  readonly Bindings: RequestFacts;
  readonly Variables: { readonly requestId: string };
}

export interface AdapterOptions {
  readonly app: Hono<ManagerEnv>;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly stopping: AbortSignal;
}

const BODY_LIMIT_BYTES = 1024 * 1024;
/** What callers without an account may make us hold in memory. */
const PUBLIC_BODY_LIMIT_BYTES = 256 * 1024;
const PUBLIC_PATH = /^\/api\/v1\/enroll(?:[/?]|$)/;
const METHODS = new Set(['GET', 'POST', 'PUT', 'DELETE']);

async function readText(incoming: IncomingMessage): Promise<string> {
  const limitBytes = PUBLIC_PATH.test(incoming.url ?? '') ? PUBLIC_BODY_LIMIT_BYTES : BODY_LIMIT_BYTES;
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of incoming.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes > limitBytes) {
      throw new PatchError('BODY_TOO_LARGE', `The body is larger than ${limitBytes} bytes.`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function plainAddress(address: string | undefined): string {
  return (address ?? 'unknown').replace(/^::ffff:(?=\d+\.)/, '');
}

function toRequest(incoming: IncomingMessage): Request {
  const headers = new Headers();
  for (const [name, value] of Object.entries(incoming.headers)) {
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(', ') : value);
  }
  const path = incoming.url?.startsWith('/') ? incoming.url : '/';
  // Put together as text: resolved against a base, a path that begins with two slashes would name a host.
  return new Request(`https://manager${path}`, { method: incoming.method ?? 'GET', headers });
}

function refuse(options: AdapterOptions, outgoing: ServerResponse, status: number, error: PatchError): void {
  const stamp = { requestId: options.random.uuid(), nowMs: options.clock.now() };
  const body = JSON.stringify(errorEnvelope(stamp, error));
  outgoing.writeHead(status, {
    'Content-Type': 'application/json',
    Connection: 'close',
    ...(status === 405 ? { Allow: [...METHODS].join(', ') } : {}),
  });
  outgoing.end(body);
}

/** Whether an answer comes bit by bit; all others are there at once and cost less without a stream. */
function isStream(response: Response): response is Response & { readonly body: ReadableStream } {
  return (
    response.body !== null && (response.headers.get('content-type') ?? '').startsWith('text/event-stream')
  );
}

/** Serves a Hono app from Node's HTTP server. */
export function serveApp(options: AdapterOptions): RequestListener {
  return (incoming, outgoing) => {
    // Agents judge their own clock by this header, so it tells the time by which the manager acts.
    outgoing.setHeader('Date', new Date(options.clock.now()).toUTCString());
    answer(options, incoming, outgoing).catch((error: unknown) => {
      // A caller that hangs up is no fault of ours.
      const level = incoming.socket.destroyed ? 'debug' : 'error';
      options.logger[level]('an answer could not be sent', { error });
      outgoing.destroy();
    });
  };
}

async function answer(
  options: AdapterOptions,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  if (!METHODS.has(incoming.method ?? '')) {
    return refuse(
      options,
      outgoing,
      405,
      new PatchError('METHOD_NOT_ALLOWED', `${incoming.method} is not a method of this server.`),
    );
  }
  const gone = new AbortController();
  outgoing.once('close', () => {
    if (!outgoing.writableFinished) gone.abort(new PatchError('CANCELLED', 'The caller hung up.'));
  });
  let bodyText: string;
  try {
    bodyText = await readText(incoming);
  } catch (error) {
    if (error instanceof PatchError) return refuse(options, outgoing, 413, error);
    throw error;
  }
  const facts: RequestFacts = {
    observedAddress: plainAddress(incoming.socket.remoteAddress),
    bodyText,
    signal: AbortSignal.any([gone.signal, options.stopping]),
  };
  const response = await options.app.fetch(toRequest(incoming), facts);
  if (outgoing.destroyed) return;
  outgoing.setHeaders(response.headers);
  if (options.stopping.aborted) outgoing.setHeader('Connection', 'close');
  outgoing.writeHead(response.status);
  if (!isStream(response)) {
    outgoing.end(Buffer.from(await response.arrayBuffer()));
    return;
  }
  await pipeline(Readable.fromWeb(response.body as Parameters<typeof Readable.fromWeb>[0]), outgoing).catch(
    (error: unknown) => {
      // The caller hung up in the middle of a stream; nobody is left to tell.
      if (!outgoing.destroyed) throw error;
    },
  );
}
