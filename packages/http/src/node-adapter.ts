import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import type { Server as HttpsServer } from 'node:https';
import { PatchError } from '@linux-patch/contract';
import type { Clock, Logger, Random } from '@linux-patch/runtime';
import type { HttpApp } from './app.ts';
import { badRequestAnswer } from './bad-request.ts';
import type { HttpRequest } from './http-request.ts';
import { readBodyBytes } from './request-body.ts';
import { pieces, send } from './send.ts';

/** A request's target as the program understands it. */
export interface RequestTarget {
  readonly path: string;
  /** The query with its question mark, or nothing. */
  readonly search: string;
  readonly fault?: PatchError | undefined;
}

export interface AdapterOptions<R extends HttpRequest> {
  readonly app: Pick<HttpApp<R>, 'answer'>;
  readonly readTarget: (incoming: IncomingMessage) => RequestTarget;
  /** What the program's own app learns of the caller; undefined ends the connection without an answer. */
  readonly callerFacts: (incoming: IncomingMessage) => Omit<R, keyof HttpRequest> | undefined;
  /** Connections are not kept from then on. */
  readonly stopping: AbortSignal;
  /** A connection ends on which nothing of an answer could be sent for so long. */
  readonly stalledMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Serves an app from Node's HTTP server. */
export function serveApp<R extends HttpRequest>(options: AdapterOptions<R>): RequestListener {
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

/**
 * Serves an app on a server of Node's, in each case that Node would answer itself, without envelope and request id: also what is
 * no HTTP or does not come in time, and an `Expect` that means nothing here (RFC 9110 §10.1.1).
 */
export function serveOn<R extends HttpRequest>(
  server: Server | HttpsServer,
  options: AdapterOptions<R>,
  { random, headerLimitBytes }: { readonly random: Random; readonly headerLimitBytes: number },
): void {
  const serve = serveApp(options);
  server.on('request', serve);
  server.on('checkExpectation', serve);
  server.on('clientError', badRequestAnswer({ clock: options.clock, random, headerLimitBytes }));
}

async function answer<R extends HttpRequest>(
  options: AdapterOptions<R>,
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
  const request = requestOf(options, incoming, gone.signal);
  // The members that a program adds are those of `callerFacts`.
  const answer = await app.answer(Object.assign(request, caller) as R);
  if (outgoing.destroyed) return;
  // In one order, whoever set them.
  outgoing.setHeaders(new Map([...answer.headers].sort(([a], [b]) => (a < b ? -1 : 1))));
  // A body that nobody read is not worth waiting for, and may never end.
  if (stopping.aborted || !incoming.complete) outgoing.setHeader('Connection', 'close');
  // Where no body follows, nothing is said of its length.
  const body = request.method === 'HEAD' ? undefined : answer.body;
  const isWhole = body instanceof Uint8Array;
  if (isWhole) outgoing.setHeader('Content-Length', body.length);
  outgoing.writeHead(answer.status);
  await send(options, isWhole ? pieces(body) : (body ?? []), outgoing);
}

function requestOf(
  { readTarget, stopping }: Pick<AdapterOptions<HttpRequest>, 'readTarget' | 'stopping'>,
  incoming: IncomingMessage,
  gone: AbortSignal,
): HttpRequest {
  return {
    ...readTarget(incoming),
    method: incoming.method ?? '',
    header: (name) => headerOf(incoming, name),
    rawHeaders: incoming.rawHeaders,
    readBody: (limitBytes) => readBodyBytes(incoming, limitBytes),
    get signal() {
      return AbortSignal.any([gone, stopping]);
    },
  };
}

/** As Node has it, which takes the first of headers that must be single. */
function headerOf(incoming: IncomingMessage, name: string): string | undefined {
  const value = incoming.headers[name.toLowerCase()];
  return Array.isArray(value) ? value.join(', ') : value;
}
