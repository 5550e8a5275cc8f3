import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { errorEnvelope, PatchError } from '@linux-patch/contract';
import type { Clock, Logger, Random } from '@linux-patch/runtime';
import type { Hono } from 'hono';
import { isHost, normalTarget } from './request-target.ts';

/** What the app learns beside the request. */
export interface RequestFacts {
  /** Address the connection comes from; forwarding headers are not believed. */
  readonly observedAddress: string;
  /**
   * Reads the whole body.
   * @throws PatchError `BODY_TOO_LARGE`
   */
  readonly readBody: (limitBytes: number) => Promise<string>;
  /** The caller has shown a credential, so its connection counts among those of known callers. */
  readonly markProven: () => void;
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
  readonly markProven: (incoming: IncomingMessage) => void;
  /** A connection ends on which nothing of an answer could be sent for so long. */
  readonly stalledMs: number;
}

const METHODS = new Set(['GET', 'POST', 'PUT', 'DELETE']);

async function readText(incoming: IncomingMessage, limitBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  try {
    for await (const chunk of incoming.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      sizeBytes += chunk.length;
      if (sizeBytes > limitBytes)
        throw new PatchError('BODY_TOO_LARGE', `The body is larger than ${limitBytes} bytes.`);
      chunks.push(chunk);
    }
  } catch (error) {
    if (!incoming.destroyed) throw error;
    throw new PatchError('INVALID_REQUEST', 'The caller hung up in the middle of its body.', {
      cause: error,
    });
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
  const url = `https://manager${normalTarget(incoming.url ?? '/')}`;
  return new Request(url, { method: incoming.method ?? 'GET', headers });
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

/** Why a request does not even reach the app: its method, or a `Host` that names no host. */
function faultOf(incoming: IncomingMessage): readonly [status: number, PatchError] | undefined {
  if (!METHODS.has(incoming.method ?? ''))
    return [405, new PatchError('METHOD_NOT_ALLOWED', `${incoming.method} is not a method of this server.`)];
  if (isHost(incoming.headers.host)) return undefined;
  return [400, new PatchError('INVALID_REQUEST', 'The Host header is not the name or address of a host.')];
}

async function answer(
  options: AdapterOptions,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const fault = faultOf(incoming);
  if (fault) return refuse(options, outgoing, ...fault);
  const gone = new AbortController();
  outgoing.once('close', () => {
    if (!outgoing.writableFinished) gone.abort(new PatchError('CANCELLED', 'The caller hung up.'));
  });
  const facts: RequestFacts = {
    observedAddress: plainAddress(incoming.socket.remoteAddress),
    readBody: (limitBytes) => readText(incoming, limitBytes),
    markProven: () => options.markProven(incoming),
    signal: AbortSignal.any([gone.signal, options.stopping]),
  };
  const response = await options.app.fetch(toRequest(incoming), facts);
  if (outgoing.destroyed) return;
  outgoing.setHeaders(response.headers);
  // What was not read of a body is not read any more.
  if (options.stopping.aborted || !incoming.complete) outgoing.setHeader('Connection', 'close');
  const whole = isStream(response) ? undefined : new Uint8Array(await response.arrayBuffer());
  // An answer without a body (RFC 9110 §8.6) says nothing about its length.
  if (whole && response.body !== null) outgoing.setHeader('Content-Length', whole.length);
  outgoing.writeHead(response.status);
  await send(options, whole ? pieces(whole) : (response.body ?? []), outgoing);
}

const PIECE_BYTES = 64 * 1024;

function* pieces(bytes: Uint8Array): Generator<Uint8Array> {
  for (let from = 0; from < bytes.length; from += PIECE_BYTES) yield bytes.subarray(from, from + PIECE_BYTES);
}

/** Sends what comes, as fast as the caller reads; one that takes nothing for `stalledMs` is given up. */
async function send(
  { clock, stalledMs }: Pick<AdapterOptions, 'clock' | 'stalledMs'>,
  body: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  outgoing: ServerResponse,
): Promise<void> {
  const closed = new Promise<void>((resolve) => outgoing.once('close', () => resolve()));
  for await (const piece of body) {
    if (!outgoing.write(piece)) {
      const over = new AbortController();
      const drained = new Promise<void>((resolve) => outgoing.once('drain', () => resolve()));
      const late = clock.sleep(stalledMs, over.signal).then(
        () => outgoing.destroy(),
        () => undefined,
      );
      await Promise.race([drained, closed, late]);
      over.abort();
    }
    // The caller hung up in the middle; nobody is left to tell.
    if (outgoing.destroyed) return;
  }
  // What is left is in Node's hands, whose timer starts again once when a part of it was sent.
  outgoing.socket?.setTimeout(stalledMs / 2);
  outgoing.end();
}
