import {
  GUARDED_PERMISSIONS,
  isPermission,
  PatchError,
  type Permission,
  type Route,
  type RouteAuth,
  rolesWith,
} from '@linux-patch/contract';
import {
  type Answer,
  dataAnswer,
  type HttpApp,
  type RouteInput as Input,
  readRouteInput,
} from '@linux-patch/http';
import type { Clock } from '@linux-patch/runtime';
import type { z } from 'zod';
import { requireStill } from '../audit/acting.ts';
import { shownBy } from '../people/known-person.ts';
import { isProven } from '../people/own-session.ts';
import { reachesAny } from '../reach/reach.ts';
import { type Actor, STRANGER } from './actor.ts';
import { type HostFinder, type InReach, inReachOf, judgedParameter, NOTHING } from './in-reach.ts';
import type { ManagerExchange, ManagerRequest } from './manager-request.ts';

/** What the manager serves; its callers show nothing in TLS. */
export type ManagerRoute = Route & { readonly auth: Exclude<RouteAuth, 'client-certificate'> };

/**
 * Says who a caller is that shows a credential, by headers and address; the body has not been read.
 * @throws PatchError `UNAUTHORIZED`, `RATE_LIMIT_EXCEEDED`
 */
export type Identify = (request: ManagerRequest) => Promise<Actor>;

/** A request of somebody who may call the route, which has passed its schemas. */
export interface RouteInput<R extends Route> extends Input<R>, ManagerExchange, InReach {
  readonly actor: Actor;
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
   * @param admit asked when the caller is known to be one of the route's, and before the body
   */
  serveBare<R extends ManagerRoute>(
    route: R,
    handle: (input: RouteInput<R>) => Promise<Answer> | Answer,
    admit?: (request: ManagerRequest) => void,
  ): void;
}

/** What callers without a credential may make us hold in memory; a request with its certificates is a few KiB. */
const STRANGER_BODY_BYTES = 16 * 1024;
const ADMIN_BODY_BYTES = 1024 * 1024;

/** Told of each change that people and their programs ask for, before it is done, and when it failed. */
export interface CallWatch {
  /** Told of calls, also those that change nothing, that the role of a known caller does not allow. */
  forbidden(call: ForbiddenCall): Promise<void>;
  begun(call: AdminCall): Promise<void>;
  failed(call: AdminCall, error: unknown): Promise<void>;
}

export interface ForbiddenCall {
  readonly route: ManagerRoute;
  readonly actor: Actor;
  readonly requestId: string;
  readonly address: string;
  /** What the route needs and the caller does not have, or not here. */
  readonly permission: Permission;
  /** Which hosts the caller may do this to, when there are any. */
  readonly beyond?: 'the host' | 'the fleet';
}

export interface AdminCall {
  readonly route: ManagerRoute;
  readonly actor: Actor;
  readonly requestId: string;
  readonly address: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly query: unknown;
  readonly body: unknown;
}

const BEYOND = {
  'the host': 'does not have for this host. Nothing was done.',
  'the fleet': 'has for some hosts only, and this is about the whole fleet. Nothing was done.',
} as const;

function forbidden({ route: { method, path }, actor, permission, beyond }: ForbiddenCall): PatchError {
  if (beyond)
    return new PatchError(
      'FORBIDDEN',
      `${method} ${path} needs the permission ${permission}, which ${actor.name} ${BEYOND[beyond]}`,
      { details: { permission, role: actor.role, beyond } },
    );
  const roles = rolesWith(permission).join(' or ');
  const isGuarded = (GUARDED_PERMISSIONS as readonly Permission[]).includes(permission);
  const program = isGuarded ? `; an API token must be allowed it by name (--allow ${permission})` : '';
  return new PatchError(
    'FORBIDDEN',
    `${method} ${path} needs the permission ${permission}, which ${actor.name} with the role ${actor.role ?? 'of nobody'} does not have. ` +
      `Nothing was done. It takes the role ${roles}${program}.`,
    { details: { permission, role: actor.role } },
  );
}

function forPeople({ method, path }: ManagerRoute, actor: Actor): PatchError {
  return new PatchError(
    'FORBIDDEN',
    `${method} ${path} is for somebody who signed in, about themselves; ${actor.name} did not. Nothing was done.`,
  );
}

/** A browser that was left alone does not do what takes or gives trust; programs and root have nothing to show again. */
function requireProof({ stepUp }: ManagerRoute, actor: Actor, nowMs: number): Actor {
  if (!stepUp || !actor.own || isProven(actor.own.session, nowMs)) return actor;
  const by = shownBy(actor.own.person);
  const what = by === 'oidc' ? 'sign-in with the identity provider' : by;
  throw new PatchError(
    'STEP_UP_REQUIRED',
    `This takes your ${what} again (POST /api/v1/session/step-up), which is good for ten minutes. Nothing was done.`,
    { details: { by } },
  );
}

/** Whether a route is for callers who show who they are. */
function isForKnown(auth: RouteAuth): auth is 'person' | Permission {
  return auth === 'person' || isPermission(auth);
}

/** The caller, when it may call the route; the only place where this is decided. */
async function authorise(
  route: ManagerRoute,
  { request, requestId }: ManagerExchange,
  { identify, watch, clock }: Callers & { readonly clock: Clock },
): Promise<Actor> {
  const { auth } = route;
  // What agents prove differs from route to route, so their handlers check it.
  if (!isForKnown(auth)) return STRANGER;
  const actor = await identify(request);
  request.markProven();
  if (auth === 'person' && !actor.own) throw forPeople(route, actor);
  if (auth === 'person') return requireProof(route, actor, clock.now());
  const { reach } = inReachOf(actor, auth);
  const isMet = reach === 'everywhere' || (route.about !== undefined && reachesAny(reach));
  if (isMet) return requireProof(route, actor, clock.now());
  return refuse(watch, {
    route,
    actor,
    requestId,
    address: request.observedAddress,
    permission: auth,
    ...(reachesAny(reach) ? { beyond: 'the fleet' } : {}),
  });
}

async function refuse(watch: CallWatch, call: ForbiddenCall): Promise<never> {
  await watch.forbidden(call);
  throw forbidden(call);
}

/** A mistake in a table that the compiler has not seen must not open a route. */
function requireAuth({ id, auth }: Route): void {
  if (auth === 'public' || auth === 'host' || isForKnown(auth)) return;
  throw new Error(`the route ${id} does not say who may call it`);
}

/** Says who calls and which hosts they may mean, and is told what they ask for. */
interface Callers {
  readonly identify: Identify;
  readonly watch: CallWatch;
  readonly hosts: HostFinder;
}

/** Routes of an app, each for those callers only that it names. */
export function createRoutes(app: HttpApp<ManagerRequest>, clock: Clock, callers: Callers): Routes {
  const { watch } = callers;
  const watched = async <T>(
    route: ManagerRoute,
    { request, requestId, actor, parameters, query, body }: RouteInput<ManagerRoute>,
    handle: () => Promise<T> | T,
  ): Promise<T> => {
    if (!isForKnown(route.auth) || route.method === 'GET') return handle();
    const call: AdminCall = {
      route,
      actor,
      requestId,
      address: request.observedAddress,
      parameters,
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
  /** What is asked, judged when the body is there: it may have come slowly. */
  const judged = async <I extends Input<ManagerRoute> & ManagerExchange>(
    route: ManagerRoute,
    actor: Actor,
    input: I,
  ) => {
    const { auth: permission } = route;
    if (!isPermission(permission)) return { ...input, ...NOTHING, actor };
    const met = inReachOf(actor, permission);
    const { request, requestId } = input;
    const call = { route, actor, requestId, address: request.observedAddress, permission };
    const parameter = await judgedParameter(route, met, input.parameter, {
      hosts: callers.hosts,
      refuse: () => refuse(watch, { ...call, beyond: 'the host' }),
    });
    return { ...input, ...met, actor, parameter };
  };
  const serveBare: Routes['serveBare'] = (route, handle, admit) => {
    requireAuth(route);
    const limitBytes = isForKnown(route.auth) ? ADMIN_BODY_BYTES : STRANGER_BODY_BYTES;
    app.serve(route, async (exchange) => {
      const actor = await authorise(route, exchange, { ...callers, clock });
      admit?.(exchange.request);
      const read = { ...(await readRouteInput(route, exchange, { limitBytes })), ...exchange };
      const input = await judged(route, actor, read);
      return watched(route, input as RouteInput<ManagerRoute>, () => {
        requireStill(actor);
        return handle(input);
      });
    });
  };
  return {
    serveBare,
    serve(route, handle) {
      serveBare(route, async (input) => {
        const data = (await handle(input)) as object;
        return dataAnswer(route, data, { requestId: input.requestId, clock });
      });
    },
  };
}
