import type { Route } from '@linux-patch/contract';
import { dataAnswer, type RouteInput as Input, readRouteInput } from '@linux-patch/http';
import { auditedRequest } from '@linux-patch/runtime';
import type { Admission } from '@linux-patch/worker';
import { type z } from 'zod';
import { type Caller } from '../access/caller.ts';
import type { AgentExchange, RouteServer } from './agent-request.ts';
import { admitChange, bringChallenge, FREE, signatureNeedOf } from './signed-changes.ts';

const BODY_LIMIT_BYTES = 1024 * 1024;

/** A request that has passed the route's schemas. */
export interface RouteInput<R extends Route> extends Input<R> {
  readonly caller: Caller;
  readonly requestId: string;
  /** Aborts when its caller is gone. */
  readonly signal: AbortSignal;
  /** What its signature allows. */
  readonly admission: Admission;
}

/**
 * Serves one route of the contract: reads query and body through its schemas, wraps the answer.
 *
 * @param checkPath runs before query and body are looked at
 */
export function serveRoute<R extends Route>(
  server: RouteServer,
  route: R,
  handle: (input: RouteInput<R>) => Promise<z.output<R['response']>> | z.output<R['response']>,
  checkPath?: (parameter: (name: string) => string) => void,
): void {
  const { app, clock } = server;
  app.serve(route, async (exchange) => {
    const { request, parameters } = exchange;
    checkPath?.((name) => parameters[name] ?? '');
    const isSigned = signatureNeedOf(route) !== undefined;
    try {
      const input = await readInput(server, route, exchange);
      const data = (await handle(input)) as object;
      if ('job_id' in data) request.trail.jobId = String(data.job_id);
      if (isSigned) await bringChallenge(server.gate, request);
      return dataAnswer(route, data, { requestId: input.requestId, clock });
    } catch (error) {
      if (isSigned) await bringChallenge(server.gate, request, error);
      throw error;
    }
  });
}

/** Reads a request through the schemas of its route. @throws PatchError `INVALID_REQUEST` and the like */
export async function readInput<R extends Route>(
  { gate }: RouteServer,
  route: R,
  exchange: AgentExchange,
): Promise<RouteInput<R>> {
  const { request, requestId, parameters } = exchange;
  const need = signatureNeedOf(route);
  let admission = FREE;
  const input = await readRouteInput(route, exchange, {
    limitBytes: BODY_LIMIT_BYTES,
    async beforeParsing(unparsed) {
      if (need !== undefined) admission = await admitChange(gate, request, { ...unparsed, need });
    },
  });
  const { query, body } = input;
  request.trail.asked = auditedRequest({ parameters, query, body });
  const { caller } = request;
  return {
    ...input,
    caller,
    requestId,
    admission,
    // Made for who asks for it.
    get signal() {
      return request.signal;
    },
  };
}
