import { chooseRequestId, ERRORS, errorEnvelope, PatchError, unexpectedFault } from '@linux-patch/contract';
import { type Clock, findDiskFault, type Logger, type Random } from '@linux-patch/runtime';
import { type Context, Hono } from 'hono';
import type { ManagerEnv } from './node-adapter.ts';

export interface AppDoors {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

function headersOf(failure: PatchError): Record<string, string> {
  const { retry_after_seconds: seconds, allow } = failure.details;
  return {
    ...(typeof seconds === 'number' ? { 'Retry-After': String(seconds) } : {}),
    ...(Array.isArray(allow) ? { Allow: allow.join(', ') } : {}),
  };
}

/** Methods that are served at a path; middleware counts for none. */
function methodsAt(app: Hono<ManagerEnv>, path: string): string[] {
  const fits = (pattern: string): boolean =>
    new RegExp(`^${pattern.replaceAll('.', '\\.').replaceAll(/:\w+/g, '[^/]+')}$`).test(path);
  const routes = app.routes.filter((route) => route.method !== 'ALL' && fits(route.path));
  return [...new Set(routes.map((route) => route.method))].sort();
}

function notServed(app: Hono<ManagerEnv>, context: Context<ManagerEnv>): PatchError {
  const allow = methodsAt(app, context.req.path);
  if (allow.length === 0) return new PatchError('NOT_FOUND', 'There is nothing at this path.');
  const message = `${context.req.method} is not possible here, only ${allow.join(' and ')}.`;
  return new PatchError('METHOD_NOT_ALLOWED', message, { details: { allow } });
}

/** The one place where a failure becomes an answer; what is not ours shows nothing of itself. */
function failureAnswer(doors: AppDoors, error: unknown, context: Context<ManagerEnv>): Response {
  const requestId = context.get('requestId');
  const known = error instanceof PatchError ? error : findDiskFault(error);
  if (!known || ERRORS[known.code].status >= 500) {
    doors.logger.error('request failed', {
      request_id: requestId,
      path: safePath(context),
      error,
      ...(known ? {} : { stack: (error as Error).stack }),
    });
  }
  const failure = known ?? new PatchError('INTERNAL_ERROR', unexpectedFault(requestId), { cause: error });
  return new Response(JSON.stringify(errorEnvelope({ requestId, nowMs: doors.clock.now() }, failure)), {
    status: ERRORS[failure.code].status,
    headers: { 'Content-Type': 'application/json', ...headersOf(failure) },
  });
}

/** The path without the polling token that older agents put into it. */
function safePath(context: Context<ManagerEnv>): string {
  return context.req.path.replace(/(\/enroll\/status\/)(?!self$).+/, '$1…');
}

/** An app in which every answer has a request id, and every failure the envelope. */
export function createApp(doors: AppDoors): Hono<ManagerEnv> {
  const app = new Hono<ManagerEnv>({ strict: true });
  app.onError((error, context) => failureAnswer(doors, error, context));
  app.notFound((context) => failureAnswer(doors, notServed(app, context), context));
  app.use('*', async (context, next) => {
    const startedMs = doors.clock.monotonicMs();
    context.set(
      'requestId',
      chooseRequestId(context.req.header('x-request-id'), () => doors.random.uuid()),
    );
    await next();
    context.header('X-Request-Id', context.get('requestId'));
    context.header('X-Content-Type-Options', 'nosniff');
    if (!context.res.headers.has('cache-control')) context.header('Cache-Control', 'no-store');
    doors.logger.info('request', {
      request_id: context.get('requestId'),
      method: context.req.method,
      path: safePath(context),
      status: context.res.status,
      duration_ms: Math.round(doors.clock.monotonicMs() - startedMs),
      address: context.env.observedAddress,
    });
  });
  return app;
}
