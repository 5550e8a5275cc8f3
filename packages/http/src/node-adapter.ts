import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { PatchError } from '@linux-patch/contract';
import type { Clock, Logger } from '@linux-patch/runtime';
import type { Hono } from 'hono';
import { readBodyBytes } from './request-body.ts';
import type { HttpEnv, RequestFacts } from './request-facts.ts';
import { pieces, send } from './send.ts';

/** A request's target as the program understands it. */
export interface RequestTarget {
  readonly path: string;
  /** The query with its question mark, or nothing. */
  readonly search: string;
  readonly fault?: PatchError | undefined;
}

export interface AdapterOptions<E extends HttpEnv> {
  readonly app: Hono<E>;
  readonly readTarget: (incoming: IncomingMessage) => RequestTarget;
  /** What the program's own app learns of the caller; undefined ends the connection without an answer. */
  readonly callerFacts: (incoming: IncomingMessage) => Omit<E['Bindings'], keyof RequestFacts> | undefined;
  /** Connections are not kept from then on. */
  readonly stopping: AbortSignal;
  /** A connection ends on which nothing of an answer could be sent for so long. */
  readonly stalledMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Methods that `Request` takes; the app goes by the real one. */
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']);

/** Serves a Hono app from Node's HTTP server. */
export function serveApp<E extends HttpEnv>(options: AdapterOptions<E>): RequestListener {
  return (incoming, outgoing) => {
    // Peers judge their own clock by this header, so it tells the time by which the program acts.
    outgoing.setHeader('Date', new Date(options.clock.now()).toUTCString());
    answer(options, incoming, outgoing).catch((error: unknown) => {
      // A caller that hangs up is no fault of ours.
      const level = incoming.socket.destroyed ? 'debug' : 'error';
      options.logger[level]('an answer could not be sent', { error });
      outgoing.destroy();
    });
  };
}

async function answer<E extends HttpEnv>(
  options: AdapterOptions<E>,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const { app, stopping } = options;
  const caller = options.callerFacts(incoming);
  if (!caller) {
    outgoing.destroy();
    return;
  }
  const gone = new AbortController();
  outgoing.once('close', () => {
    if (!outgoing.writableFinished) gone.abort(new PatchError('CANCELLED', 'The caller hung up.'));
  });
  const target = options.readTarget(incoming);
  const facts: RequestFacts = {
    ...caller,
    path: target.path,
    fault: target.fault,
    method: incoming.method ?? '',
    rawHeaders: incoming.rawHeaders,
    readBody: (limitBytes) => readBodyBytes(incoming, limitBytes),
    get signal() {
      return AbortSignal.any([gone.signal, stopping]);
    },
  };
  const response = await app.fetch(toRequest(incoming, target), facts);
  if (outgoing.destroyed) return;
  outgoing.setHeaders(response.headers);
  // A body that nobody read is not worth waiting for, and may never end.
  if (stopping.aborted || !incoming.complete) outgoing.setHeader('Connection', 'close');
  const whole = isStream(response) ? undefined : new Uint8Array(await response.arrayBuffer());
  // An answer without a body (RFC 9110 §8.6) says nothing about its length.
  if (whole && response.body !== null) outgoing.setHeader('Content-Length', whole.length);
  outgoing.writeHead(response.status);
  await send(options, whole ? pieces(whole) : (response.body ?? []), outgoing);
}

/** A request without its body: a web stream costs more than the body itself. */
function toRequest(incoming: IncomingMessage, { path, search, fault }: RequestTarget): Request {
  const headers = new Headers();
  for (const [name, value] of Object.entries(incoming.headers)) {
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(', ') : value);
  }
  const { method = '' } = incoming;
  return new Request(`https://host${fault ? '/' : path + search}`, {
    method: METHODS.has(method) && !fault ? method : 'GET',
    headers,
  });
}

/** Whether an answer comes bit by bit; all others are there at once and cost less without a stream. */
function isStream(response: Response): response is Response & { readonly body: ReadableStream } {
  return (
    response.body !== null && (response.headers.get('content-type') ?? '').startsWith('text/event-stream')
  );
}
