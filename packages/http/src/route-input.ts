import {
  bodyTextOf,
  type Route,
  readBody,
  readHeaders,
  readQuery,
  successEnvelope,
} from '@linux-patch/contract';
import type { Clock } from '@linux-patch/runtime';
import type { z } from 'zod';
import { type Answer, jsonAnswer } from './answer.ts';
import type { Exchange, HttpRequest } from './http-request.ts';

type Read<S> = S extends z.ZodType ? z.output<S> : undefined;

/** A request that has passed the schemas of its route. */
export interface RouteInput<R extends Route> {
  readonly headers: Read<R['headers']>;
  readonly query: Read<R['query']>;
  readonly body: Read<R['body']>;
  /** The body as it came; empty where none is taken. */
  readonly bodyText: string;
  /** Method, path and query, as they came. */
  readonly line: string;
  /** A path parameter, percent-decoded and unchecked. */
  readonly parameter: (name: string) => string;
}

/** A request whose body was read and not looked at. */
export interface UnparsedInput<R extends Route> extends Pick<RouteInput<R>, 'headers' | 'line'> {
  readonly bodyBytes: Uint8Array;
}

/**
 * Reads headers, query and body through the schemas of the route.
 * @param reading.beforeParsing decides about the body before anything of it is parsed
 * @throws PatchError `INVALID_REQUEST`, `BODY_TOO_LARGE`, `UNSUPPORTED_MEDIA_TYPE`, and what `beforeParsing` throws
 */
export async function readRouteInput<R extends Route>(
  route: R,
  { request, parameters }: Exchange<HttpRequest>,
  reading: {
    readonly limitBytes: number;
    readonly beforeParsing?: (input: UnparsedInput<R>) => Promise<void>;
  },
): Promise<RouteInput<R>> {
  const { pathname, search, searchParams } = new URL(`https://host${request.path}${request.search}`);
  const headers = readHeaders(route, request.header);
  const query = readQuery(route, searchParams);
  const bodyBytes = route.body ? await request.readBody(reading.limitBytes) : new Uint8Array();
  const line = `${route.method} ${pathname}${search}`;
  await reading.beforeParsing?.({ headers, line, bodyBytes } as UnparsedInput<R>);
  const bodyText = bodyTextOf(bodyBytes);
  const schema = route.body && { body: route.body, bodyOptional: route.bodyOptional ?? false };
  const body = schema && readBody(schema, { contentType: request.header('content-type'), text: bodyText });
  const parameter = (name: string): string => parameters[name] ?? '';
  return { headers, query, body, bodyText, line, parameter } as RouteInput<R>;
}

/** The answer of success of a route, in the envelope. */
export function dataAnswer(
  route: Pick<Route, 'status'>,
  data: object,
  how: {
    readonly requestId: string;
    readonly clock: Clock;
    readonly headers?: Readonly<Record<string, string>>;
  },
): Answer {
  const envelope = successEnvelope({ requestId: how.requestId, nowMs: how.clock.now() }, data);
  return jsonAnswer(envelope, route.status, how.headers);
}
