import {
  ENROLL_HEADERS,
  ENROLL_PATHS,
  errorEnvelope,
  MANAGER_PUBLIC_ROUTES,
  PollingToken,
  readBody,
} from '@linux-patch/contract';
import type { Context, Hono } from 'hono';
import { bodyOf } from '../http/app.ts';
import type { ManagerEnv } from '../http/node-adapter.ts';
import type { RateLimit } from '../http/rate-limit.ts';
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
export function servePublicRoutes(
  app: Hono<ManagerEnv>,
  enrollment: EnrollmentContext,
  limit: RateLimit,
): void {
  const renewals = createRenewals(enrollment);
  app.post(ENROLL_PATHS.enroll, async (context) => {
    limit.admit(context.env.observedAddress);
    const request = readBody(MANAGER_PUBLIC_ROUTES.enroll, bodyOf(context));
    const accepted = await register(enrollment, {
      request,
      body: context.env.bodyText,
      proof: context.req.header(ENROLL_HEADERS.proof),
      path: ENROLL_PATHS.enroll,
      observedAddress: context.env.observedAddress,
    });
    return context.json(accepted, 202);
  });
  app.get(`${ENROLL_PATHS.status}/:token`, async (context) => {
    limit.admit(context.env.observedAddress);
    const parameter = context.req.param('token');
    const token = parameter === 'self' ? tokenOf(context) : parameter;
    // Whatever is no token is unknown, in the words both generations understand.
    if (!PollingToken.safeParse(token).success) return context.json({ status: 'notfound' }, 200);
    const result = await poll(enrollment, {
      token,
      proof: context.req.header(ENROLL_HEADERS.proof),
      path: parameter === 'self' ? ENROLL_PATHS.statusSelf : ENROLL_PATHS.status,
      waitS: preferredWaitS(context),
      signal: context.env.signal,
    });
    return answerPoll(enrollment, context, result);
  });
  app.post(ENROLL_PATHS.ack, async (context) => {
    limit.admit(context.env.observedAddress);
    const ack = readBody(MANAGER_PUBLIC_ROUTES.enrollAck, bodyOf(context));
    await acknowledge(enrollment, {
      ack,
      body: context.env.bodyText,
      token: tokenOf(context),
      proof: context.req.header(ENROLL_HEADERS.proof),
      path: ENROLL_PATHS.ack,
    });
    return context.json({}, 200);
  });
  app.post(ENROLL_PATHS.renew, async (context) => {
    limit.admit(context.env.observedAddress);
    const request = readBody(MANAGER_PUBLIC_ROUTES.renew, bodyOf(context));
    const asked = { host: context.req.header('host') ?? '', observedAddress: context.env.observedAddress };
    return context.json(await renewals.renew(request, asked), 200);
  });
  app.post(ENROLL_PATHS.leave, async (context) => {
    limit.admit(context.env.observedAddress);
    const request = readBody(MANAGER_PUBLIC_ROUTES.leave, bodyOf(context));
    const asked = { host: context.req.header('host') ?? '', observedAddress: context.env.observedAddress };
    return context.json(await leave(enrollment, request, asked), 200);
  });
  servePki(app, enrollment);
}
