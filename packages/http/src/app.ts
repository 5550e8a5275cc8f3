import { chooseRequestId } from '@linux-patch/contract';
import type { Clock, Logger, Random } from '@linux-patch/runtime';
import { type Context, Hono } from 'hono';
import { failureAnswer } from './failure-answer.ts';
import type { HttpEnv } from './request-facts.ts';
import { createServedCheck } from './served-check.ts';

export interface HttpAppOptions<E extends HttpEnv> {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** The path as logs may show it. */
  readonly shownPath?: (path: string) => string;
  /** Lets a request through to its route, or throws the refusal. */
  readonly admit?: (context: Context<E>) => void;
  /** Told of every answer, refusals included. */
  readonly onAnswered: (context: Context<E>, request: AnsweredRequest) => void;
}

export interface AnsweredRequest {
  readonly request_id: string;
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly duration_ms: number;
}

/**
 * An app without routes, in which every answer has a request id, and every failure the envelope. Requests with a fault,
 * to unknown paths, and with methods that no route has do not reach a route.
 */
export function createHttpApp<E extends HttpEnv>(options: HttpAppOptions<E>): Hono<E> {
  const { clock, random, shownPath = (path) => path } = options;
  const app = new Hono<E>({ strict: true });
  const refuseUnserved = createServedCheck(app);
  const requestIdOf = (context: Context<E>): string =>
    (context as unknown as Context<HttpEnv>).get('requestId');
  app.onError((error, context) =>
    failureAnswer(options, error, { requestId: requestIdOf(context), path: shownPath(context.env.path) }),
  );
  app.use('*', async (context, next) => {
    const startedMs = clock.monotonicMs();
    const requestId = chooseRequestId(context.req.header('x-request-id'), () => random.uuid());
    (context as unknown as Context<HttpEnv>).set('requestId', requestId);
    await next();
    // Set here because `context.header` would wrap the body into a stream each time.
    const { headers } = context.res;
    headers.set('X-Request-Id', requestId);
    headers.set('X-Content-Type-Options', 'nosniff');
    if (!headers.has('cache-control')) headers.set('Cache-Control', 'no-store');
    options.onAnswered(context, {
      request_id: requestId,
      method: context.env.method,
      path: shownPath(context.env.path),
      status: context.res.status,
      duration_ms: Math.round(clock.monotonicMs() - startedMs),
    });
  });
  app.use('*', async (context, next) => {
    const { fault, method, path } = context.env;
    if (fault) throw fault;
    options.admit?.(context);
    refuseUnserved(method, path);
    await next();
  });
  return app;
}
