import type { Route } from '@linux-patch/contract';
import { dataAnswer, type RouteInput as Input, readRouteInput, routePattern } from '@linux-patch/http';
import { auditedRequest } from '@linux-patch/runtime';
import type { Admission } from '@linux-patch/worker';
import { type Context } from 'hono';
import { type z } from 'zod';
import { type Caller } from '../access/caller.ts';
import { type AgentEnv, type RouteServer } from './agent-env.ts';
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
  app.on(route.method, routePattern(route), async (context) => {
    checkPath?.((name) => context.req.param(name) ?? '');
    const isSigned = signatureNeedOf(route) !== undefined;
    try {
      const input = await readInput(route, context);
      const data = (await handle(input)) as object;
      if ('job_id' in data) context.set('jobId', String(data.job_id));
      if (isSigned) await bringChallenge(context);
      return dataAnswer(route, data, { requestId: input.requestId, clock });
    } catch (error) {
      if (isSigned) await bringChallenge(context, error);
      throw error;
    }
  });
}

/** Reads a request through the schemas of its route. @throws PatchError `INVALID_REQUEST` and the like */
export async function readInput<R extends Route>(
  route: R,
  context: Context<AgentEnv>,
): Promise<RouteInput<R>> {
  const need = signatureNeedOf(route);
  let admission = FREE;
  const input = await readRouteInput(route, context, {
    limitBytes: BODY_LIMIT_BYTES,
    async beforeParsing(unparsed) {
      if (need !== undefined) admission = await admitChange(context, unparsed, need);
    },
  });
  const { query, body } = input;
  context.set('asked', auditedRequest({ parameters: context.req.param(), query, body }));
  const { signal } = context.req.raw;
  const { caller } = context.env;
  return { ...input, caller, requestId: context.get('requestId'), signal, admission };
}
