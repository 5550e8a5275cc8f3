import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { PatchError } from '@linux-patch/contract';
import type { Logger } from '@linux-patch/runtime';
import type { Hono } from 'hono';
import type { Caller } from '../access/caller.ts';
import type { AgentEnv, RequestFacts } from './agent-env.ts';

export interface AdapterOptions {
  readonly app: Hono<AgentEnv>;
  readonly callerOf: (request: IncomingMessage) => Caller | undefined;
  /** The server is about to stop: connections are not kept. */
  readonly isDraining: () => boolean;
  readonly logger: Logger;
}

/** Methods that `Request` accepts; the app refuses the others by their real name. */
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']);

/** Serves a Hono app from Node's HTTP server. */
export function serveApp(options: AdapterOptions): RequestListener {
  return (incoming, outgoing) => {
    answer(options, incoming, outgoing).catch((error: unknown) => {
      options.logger.error('answer could not be sent', { error });
      outgoing.destroy();
    });
  };
}

async function answer(
  { app, callerOf, isDraining }: AdapterOptions,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const caller = callerOf(incoming);
  if (!caller) {
    outgoing.destroy();
    return;
  }
  const gone = new AbortController();
  outgoing.once('close', () => gone.abort());
  const facts = factsOf(incoming, caller);
  const response = await app.fetch(toRequest(incoming, facts, gone.signal), facts);
  if (outgoing.destroyed) return;
  const body = Buffer.from(await response.arrayBuffer());
  // A body nobody read is not worth waiting for, and may never end.
  if (isDraining() || !incoming.complete) outgoing.setHeader('Connection', 'close');
  outgoing.setHeaders(response.headers);
  outgoing.writeHead(response.status, { 'Content-Length': body.length });
  outgoing.end(incoming.method === 'HEAD' ? undefined : body);
}

function factsOf(incoming: IncomingMessage, caller: Caller): RequestFacts {
  const target = incoming.url ?? '';
  const path = target.split('?', 1)[0] ?? '';
  return {
    caller,
    path,
    rawHeaders: incoming.rawHeaders,
    method: incoming.method ?? '',
    fault: pathFault(path),
  };
}

/** `Request` would quietly resolve dot segments and absolute targets; here they are errors. */
function pathFault(path: string): PatchError | undefined {
  const segments = path.split('/').map((segment) => segment.replaceAll(/%2e/gi, '.'));
  const wrong =
    !path.startsWith('/') || path.includes('\\') || segments.some((one) => one === '.' || one === '..');
  if (!wrong) return undefined;
  const faults = [
    { path: 'path', message: 'must be absolute, without "." or ".." segments and backslashes' },
  ];
  return new PatchError('INVALID_REQUEST', `The request is not valid: path: ${faults[0]?.message}`, {
    details: { faults },
  });
}

function toRequest(incoming: IncomingMessage, facts: RequestFacts, signal: AbortSignal): Request {
  const headers = new Headers();
  for (const [name, value] of Object.entries(incoming.headers)) {
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(', ') : value);
  }
  const usable = facts.fault === undefined && METHODS.has(facts.method);
  const method = usable ? facts.method : 'GET';
  const hasBody = method !== 'GET' && method !== 'HEAD';
  const url = `https://agent${facts.fault ? '/' : (incoming.url ?? '/')}`;
  return new Request(url, {
    method,
    headers,
    signal,
    ...(hasBody ? { body: bodyStream(incoming), duplex: 'half' as const } : {}),
  });
}

/** The request body as it arrives; reading stops when the reader loses interest. */
function bodyStream(incoming: IncomingMessage): ReadableStream<Uint8Array> {
  const iterator = incoming.iterator({ destroyOnReturn: false }) as AsyncIterator<Buffer>;
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await iterator.next();
      if (done) controller.close();
      else controller.enqueue(new Uint8Array(value));
    },
    async cancel() {
      await iterator.return?.();
    },
  });
}
