import type { Route } from '@linux-patch/contract';
import { dataAnswer, type RouteInput as Input, readRouteInput, type UnparsedInput } from '@linux-patch/http';
import { auditedRequest } from '@linux-patch/runtime';
import { type z } from 'zod';
import type { AgentExchange, AgentRequest, RouteServer } from './agent-request.ts';

const BODY_LIMIT_BYTES = 1024 * 1024;

/** A request that has passed the route's schemas. */
export interface RouteInput<R extends Route> extends Input<R> {
  readonly request: AgentRequest;
  readonly requestId: string;
  /** Aborts when its caller is gone. */
  readonly signal: AbortSignal;
}

/**
 * Serves one route of the contract: reads query and body through its schemas, wraps the answer.
 *
 * @param checkPath runs before query and body are looked at
 */
export function serveRoute<R extends Route>(
  { app, clock }: RouteServer,
  route: R,
  handle: (input: RouteInput<R>) => Promise<z.output<R['response']>> | z.output<R['response']>,
  checkPath?: (parameter: (name: string) => string) => void,
): void {
  app.serve(route, async (exchange) => {
    const { parameters } = exchange;
    checkPath?.((name) => parameters[name] ?? '');
    const input = await readInput(route, exchange);
    const data = (await handle(input)) as object;
    if ('job_id' in data) exchange.request.trail.jobId = String(data.job_id);
    return dataAnswer(route, data, { requestId: input.requestId, clock });
  });
}

/**
 * Reads a request through the schemas of its route.
 * @param beforeParsing decides about the body before anything of it is parsed
 * @throws PatchError `INVALID_REQUEST` and the like, and what `beforeParsing` throws
 */
export async function readInput<R extends Route>(
  route: R,
  exchange: AgentExchange,
  beforeParsing?: (unparsed: UnparsedInput<R>) => Promise<void>,
): Promise<RouteInput<R>> {
  const { request, requestId, parameters } = exchange;
  const limitBytes = BODY_LIMIT_BYTES;
  const input = await readRouteInput(route, exchange, {
    limitBytes,
    ...(beforeParsing ? { beforeParsing } : {}),
  });
  const { query, body } = input;
  request.trail.asked = auditedRequest({ parameters, query, body });
  return {
    ...input,
    request,
    requestId,
    // Made for who asks for it.
    get signal() {
      return request.signal;
    },
  };
}
