import {
  ENROLL_HEADERS,
  ENROLL_PATHS,
  errorEnvelope,
  MANAGER_PUBLIC_ROUTES,
  PollingToken,
} from '@linux-patch/contract';
import { type Answer, jsonAnswer } from '@linux-patch/http';
import type { ManagerRequest } from '../http/manager-request.ts';
import type { RateLimit } from '../http/rate-limit.ts';
import type { Routes } from '../http/routes.ts';
import type { EnrollmentContext } from './context.ts';
import { leave } from './leave.ts';
import { register } from './register.ts';
import { createRenewals } from './renew.ts';
import { servePki } from './routes-pki.ts';
import { acknowledge, type PollResult, poll } from './status.ts';

function tokenOf({ header }: ManagerRequest): string {
  const [scheme, token] = (header('authorization') ?? '').split(' ');
  return scheme === ENROLL_HEADERS.authorizationScheme ? (token ?? '') : '';
}

function preferredWaitS({ header }: ManagerRequest): number {
  const match = /(?:^|[,;\s])wait=(\d{1,3})(?:$|[,;\s])/.exec(header(ENROLL_HEADERS.prefer) ?? '');
  return Number(match?.[1] ?? 0);
}

function answerPoll(enrollment: EnrollmentContext, requestId: string, result: PollResult): Answer {
  if (result.kind === 'status') {
    const applied = { [ENROLL_HEADERS.preferenceApplied]: `wait=${result.heldS}` };
    return jsonAnswer(result.body, 200, result.heldS > 0 ? applied : {});
  }
  const message =
    result.kind === 'clock_off'
      ? "The proof is signed with a time that is too far from the manager's clock."
      : 'The token is not enough; the request must be signed with the key that asked to join.';
  const stamp = { requestId, nowMs: enrollment.clock.now() };
  const body = errorEnvelope(stamp, { code: 'UNAUTHORIZED', message });
  return jsonAnswer(result.kind === 'clock_off' ? { ...body, server_time: result.serverTimeS } : body, 401);
}

/** What agents call. */
export function servePublicRoutes(routes: Routes, enrollment: EnrollmentContext, limit: RateLimit): void {
  const renewals = createRenewals(enrollment);
  const serve: Routes['serveBare'] = (route, handle) =>
    routes.serveBare(route, handle, ({ observedAddress }) => limit.admit(observedAddress));
  serve(MANAGER_PUBLIC_ROUTES.enroll, async ({ body, bodyText, request }) => {
    const accepted = await register(enrollment, {
      request: body,
      body: bodyText,
      proof: request.header(ENROLL_HEADERS.proof),
      path: ENROLL_PATHS.enroll,
      observedAddress: request.observedAddress,
    });
    return jsonAnswer(accepted, 202);
  });
  serve(MANAGER_PUBLIC_ROUTES.enrollStatus, async ({ parameter, request, requestId }) => {
    const own = parameter('token') === 'self';
    const token = own ? tokenOf(request) : parameter('token');
    // Whatever is no token is unknown, in the words both generations understand.
    if (!PollingToken.safeParse(token).success) return jsonAnswer({ status: 'notfound' }, 200);
    const result = await poll(enrollment, {
      token,
      proof: request.header(ENROLL_HEADERS.proof),
      path: own ? ENROLL_PATHS.statusSelf : ENROLL_PATHS.status,
      waitS: preferredWaitS(request),
      signal: request.signal,
      onProven: request.markProven,
    });
    return answerPoll(enrollment, requestId, result);
  });
  serve(MANAGER_PUBLIC_ROUTES.enrollAck, async ({ body, bodyText, request }) => {
    await acknowledge(enrollment, {
      ack: body,
      body: bodyText,
      token: tokenOf(request),
      proof: request.header(ENROLL_HEADERS.proof),
      path: ENROLL_PATHS.ack,
    });
    return jsonAnswer({}, 200);
  });
  serve(MANAGER_PUBLIC_ROUTES.renew, async ({ body, request: { observedAddress } }) =>
    jsonAnswer(await renewals.renew(body, { observedAddress }), 200),
  );
  serve(MANAGER_PUBLIC_ROUTES.leave, async ({ body, request: { observedAddress } }) =>
    jsonAnswer(await leave(enrollment, body, { observedAddress }), 200),
  );
  servePki(routes, enrollment);
}
