import { type Route, readBody, readHeaders, readQuery, successEnvelope } from '@linux-patch/contract';
import { auditedRequest, type Clock } from '@linux-patch/runtime';
import type { Context, Hono } from 'hono';
import type { z } from 'zod';
import type { Caller } from '../access/caller.ts';
import type { AgentEnv } from './agent-env.ts';
import { readBodyText } from './request-body.ts';

type Read<S> = S extends z.ZodType ? z.output<S> : undefined;

/** A request that has passed the route's schemas. */
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
  readonly caller: Caller;
  readonly requestId: string;
}

/**
 * Serves one route of the contract: reads query and body through its schemas, wraps the answer.
 *
 * @param checkPath runs before query and body are looked at
 */
export function serveRoute<R extends Route>(
  server: { readonly app: Hono<AgentEnv>; readonly clock: Clock },
  route: R,
  handle: (input: RouteInput<R>) => Promise<z.output<R['response']>> | z.output<R['response']>,
  checkPath?: (parameter: (name: string) => string) => void,
): void {
  const path = route.path.replaceAll(/\{(\w+)\}/g, ':$1');
  server.app.on(route.method, path, async (context) => {
    const parameter = (name: string): string => context.req.param(name) ?? '';
    checkPath?.(parameter);
    const input = await readInput(route, context, parameter);
    const { query, body } = input;
    context.set('asked', auditedRequest({ parameters: context.req.param(), query, body }));
    const data = await handle(input);
    if ('job_id' in (data as object)) context.set('jobId', String((data as { job_id: unknown }).job_id));
    const stamp = { requestId: input.requestId, nowMs: server.clock.now() };
    return context.json(successEnvelope(stamp, data as object), route.status as 200 | 202);
  });
}

async function readInput<R extends Route>(
  route: R,
  context: Context<AgentEnv>,
  parameter: (name: string) => string,
): Promise<RouteInput<R>> {
  const { pathname, search, searchParams } = new URL(context.req.url);
  const headers = readHeaders(route, (name) => context.req.header(name));
  const query = readQuery(route, searchParams);
  const bodyText = route.body ? await readBodyText(context.req.raw) : '';
  return {
    headers,
    query,
    body: bodyOf(route, context, bodyText),
    bodyText,
    line: `${route.method} ${pathname}${search}`,
    parameter,
    caller: context.env.caller,
    requestId: context.get('requestId'),
  } as RouteInput<R>;
}

function bodyOf(route: Route, context: Context<AgentEnv>, text: string): unknown {
  if (!route.body) return undefined;
  const contentType = context.req.header('content-type');
  return readBody({ body: route.body, bodyOptional: route.bodyOptional ?? false }, { contentType, text });
}
