import {
  ENROLL_HEADERS,
  ENROLL_PATHS,
  errorEnvelope,
  MANAGER_PUBLIC_ROUTES,
  PollingToken,
} from '@linux-patch/contract';
import type { Context } from 'hono';
import type { ManagerEnv } from '../http/manager-env.ts';
import type { RateLimit } from '../http/rate-limit.ts';
import type { Routes } from '../http/routes.ts';
import type { EnrollmentContext } from './context.ts';
import { leave } from './leave.ts';
import { register } from './register.ts';
import { createRenewals } from './renew.ts';
import { servePki } from './routes-pki.ts';
import { acknowledge, type PollResult, poll } from './status.ts';

function tokenOf(context: Context<ManagerEnv>): string {
  const [scheme, token] = (context.req.header('authorization') ?? '').split(' ');
  return scheme === ENROLL_HEADERS.authorizationScheme ? (token ?? '') : '';
}

function preferredWaitS(context: Context<ManagerEnv>): number {
  const match = /(?:^|[,;\s])wait=(\d{1,3})(?:$|[,;\s])/.exec(
    context.req.header(ENROLL_HEADERS.prefer) ?? '',
  );
  return Number(match?.[1] ?? 0);
}

function answerPoll(
  enrollment: EnrollmentContext,
  context: Context<ManagerEnv>,
  result: PollResult,
): Response {
  if (result.kind === 'status') {
    if (result.heldS > 0) context.header(ENROLL_HEADERS.preferenceApplied, `wait=${result.heldS}`);
    return context.json(result.body, 200);
  }
  const message =
    result.kind === 'clock_off'
      ? "The proof is signed with a time that is too far from the manager's clock."
      : 'The token is not enough; the request must be signed with the key that asked to join.';
  const stamp = { requestId: context.get('requestId'), nowMs: enrollment.clock.now() };
  const body = errorEnvelope(stamp, { code: 'UNAUTHORIZED', message });
  return context.json(result.kind === 'clock_off' ? { ...body, server_time: result.serverTimeS } : body, 401);
}

/** What agents call. */
export function servePublicRoutes(routes: Routes, enrollment: EnrollmentContext, limit: RateLimit): void {
  const renewals = createRenewals(enrollment);
  const serve: Routes['serveBare'] = (route, handle) =>
    routes.serveBare(route, handle, ({ env }) => limit.admit(env.observedAddress));
  serve(MANAGER_PUBLIC_ROUTES.enroll, async ({ body, bodyText, context }) => {
    const accepted = await register(enrollment, {
      request: body,
      body: bodyText,
      proof: context.req.header(ENROLL_HEADERS.proof),
      path: ENROLL_PATHS.enroll,
      observedAddress: context.env.observedAddress,
    });
    return context.json(accepted, 202);
  });
  serve(MANAGER_PUBLIC_ROUTES.enrollStatus, async ({ parameter, context }) => {
    const own = parameter('token') === 'self';
    const token = own ? tokenOf(context) : parameter('token');
    // Whatever is no token is unknown, in the words both generations understand.
    if (!PollingToken.safeParse(token).success) return context.json({ status: 'notfound' }, 200);
    const result = await poll(enrollment, {
      token,
      proof: context.req.header(ENROLL_HEADERS.proof),
      path: own ? ENROLL_PATHS.statusSelf : ENROLL_PATHS.status,
      waitS: preferredWaitS(context),
      signal: context.env.signal,
      onProven: context.env.markProven,
    });
    return answerPoll(enrollment, context, result);
  });
  serve(MANAGER_PUBLIC_ROUTES.enrollAck, async ({ body, bodyText, context }) => {
    await acknowledge(enrollment, {
      ack: body,
      body: bodyText,
      token: tokenOf(context),
      proof: context.req.header(ENROLL_HEADERS.proof),
      path: ENROLL_PATHS.ack,
    });
    return context.json({}, 200);
  });
  serve(MANAGER_PUBLIC_ROUTES.renew, async ({ body, context }) => {
    const { observedAddress } = context.env;
    return context.json(await renewals.renew(body, { observedAddress }), 200);
  });
  serve(MANAGER_PUBLIC_ROUTES.leave, async ({ body, context }) => {
    const { observedAddress } = context.env;
    return context.json(await leave(enrollment, body, { observedAddress }), 200);
  });
  servePki(routes, enrollment);
}
