import type { Route, RouteAuth } from '@linux-patch/contract';
import { dataAnswer, type RouteInput as Input, readRouteInput, routePattern } from '@linux-patch/http';
import type { Clock } from '@linux-patch/runtime';
import type { Context, Hono } from 'hono';
import type { z } from 'zod';
import type { ManagerEnv } from './manager-env.ts';

/** What the manager serves; its callers show nothing in TLS. */
export type ManagerRoute = Route & { readonly auth: Exclude<RouteAuth, 'client-certificate'> };

/** Lets a caller pass, or throws the refusal; it sees headers and address, the body has not been read. */
export type Guard = (context: Context<ManagerEnv>) => Promise<void>;

/** One for each kind of caller, so that no route is without. */
export type Guards = Readonly<Record<ManagerRoute['auth'], Guard>>;

/** A request that has passed the guard and the schemas of its route. */
export interface RouteInput<R extends Route> extends Input<R> {
  readonly context: Context<ManagerEnv>;
}

/** The only way into the app: what a route says of its callers holds before anything of it is read. */
export interface Routes {
  /** Serves a route in the envelope. */
  serve<R extends ManagerRoute>(
    route: R,
    handle: (input: RouteInput<R>) => Promise<z.output<R['response']>>,
  ): void;
  /**
   * Serves a route whose handler makes the whole answer.
   * @param admit asked after the guard and before the body
   */
  serveBare<R extends ManagerRoute>(
    route: R,
    handle: (input: RouteInput<R>) => Promise<Response> | Response,
    admit?: (context: Context<ManagerEnv>) => void,
  ): void;
}

/** What callers without the admin token may make us hold in memory; a request with its certificates is a few KiB. */
const STRANGER_BODY_BYTES = 16 * 1024;
const ADMIN_BODY_BYTES = 1024 * 1024;

/** Told of each change that is asked for with the admin token, before it is done, and when it failed. */
export interface CallWatch {
  begun(call: AdminCall): Promise<void>;
  failed(call: AdminCall, error: unknown): Promise<void>;
}

export interface AdminCall {
  readonly route: ManagerRoute;
  readonly requestId: string;
  readonly address: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly query: unknown;
  readonly body: unknown;
}

/** Routes of an app, each behind the guard that it names. */
export function createRoutes(app: Hono<ManagerEnv>, clock: Clock, guards: Guards, watch?: CallWatch): Routes {
  const watched = async <T>(
    route: ManagerRoute,
    { context, query, body }: RouteInput<ManagerRoute>,
    handle: () => Promise<T> | T,
  ): Promise<T> => {
    if (!watch || route.auth !== 'admin' || route.method === 'GET') return handle();
    const call: AdminCall = {
      route,
      requestId: context.get('requestId'),
      address: context.env.observedAddress,
      parameters: context.req.param(),
      query,
      body,
    };
    await watch.begun(call);
    try {
      return await handle();
    } catch (error) {
      await watch.failed(call, error);
      throw error;
    }
  };
  const serveBare: Routes['serveBare'] = (route, handle, admit) => {
    const limitBytes = route.auth === 'admin' ? ADMIN_BODY_BYTES : STRANGER_BODY_BYTES;
    app.on(route.method, routePattern(route), async (context) => {
      await guards[route.auth](context);
      admit?.(context);
      const input = { ...(await readRouteInput(route, context, limitBytes)), context };
      return watched(route, input as RouteInput<ManagerRoute>, () => handle(input));
    });
  };
  return {
    serveBare,
    serve(route, handle) {
      serveBare(route, async (input) => {
        const data = (await handle(input)) as object;
        return dataAnswer(route, data, { requestId: input.context.get('requestId'), clock });
      });
    },
  };
}
