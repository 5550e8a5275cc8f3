import type { IncomingHttpHeaders } from 'node:http';
import { type RequestOptions, request } from 'node:https';
import { performance } from 'node:perf_hooks';

/** What somebody without any credential sends to a server. */
export interface StrangersCall {
  /** Origin of the server, for example `https://127.0.0.1:8443`. */
  readonly url: string;
  /** Sent as it is written, so a path may be odd. */
  readonly path: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Text is sent as it is; anything else as JSON. */
  readonly body?: unknown;
  /** Loopback address to come from, for example `127.0.9.7`. */
  readonly from?: string;
  /** Certificate, key and the like. */
  readonly tls?: Pick<RequestOptions, 'cert' | 'key' | 'ca' | 'servername'>;
}

/** An answer; a connection that ends without one has status 0 and the reason as text. */
export interface StrangersAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly tookMs: number;
}

/** Strangers do not look at the server's certificate, they only want in. */
export function callAsStranger(call: StrangersCall): Promise<StrangersAnswer> {
  const { promise, resolve } = Promise.withResolvers<StrangersAnswer>();
  const startedMs = performance.now();
  const end = (status: number, headers: IncomingHttpHeaders, text: string): void =>
    resolve({ status, headers, text, tookMs: performance.now() - startedMs });
  const { hostname, port } = new URL(call.url);
  const body =
    call.body === undefined || typeof call.body === 'string' ? call.body : JSON.stringify(call.body);
  const outgoing = request(
    {
      ...call.tls,
      host: hostname.replaceAll(/^\[|\]$/g, ''),
      port,
      path: call.path,
      method: call.method ?? (body === undefined ? 'GET' : 'POST'),
      ...(call.from === undefined ? {} : { localAddress: call.from }),
      headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...call.headers },
      agent: false,
      rejectUnauthorized: false,
    },
    (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('error', (error) => end(0, response.headers, error.message));
      response.on('end', () => end(response.statusCode ?? 0, response.headers, text));
    },
  );
  outgoing.on('error', (error) => end(0, {}, error.message));
  outgoing.end(body);
  return promise;
}
