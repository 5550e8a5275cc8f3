import type { MANAGER_PUBLIC_ROUTES } from '@linux-patch/contract';
import { dataAnswer } from '@linux-patch/http';
import type { ManagerRequest } from '../http/manager-request.ts';
import { requireOwnSite } from '../http/own-site.ts';
import type { RouteInput, Routes } from '../http/routes.ts';
import { sessionCookie, sessionCookieOf } from '../http/session-cookie.ts';
import type { PeopleContext } from './context.ts';
import { viewOwnSession } from './own-session.ts';
import type { Door, SignedIn } from './sign-in.ts';

/** Through which somebody comes in. */
type DoorRoute = (typeof MANAGER_PUBLIC_ROUTES)['signIn' | 'signInWithPasskey' | 'signInWithOidc' | 'setUp'];

/** Serves one of them, to our own page alone: the answer is the new session, and its secret a cookie. */
export function serveDoor<R extends DoorRoute>(
  routes: Routes,
  people: PeopleContext,
  route: R,
  enter: (body: RouteInput<R>['body'], door: Door, request: ManagerRequest) => Promise<SignedIn>,
): void {
  routes.serveBare(
    route,
    async ({ body, request, requestId }) => {
      const door = {
        address: request.observedAddress,
        client: request.header('user-agent'),
        cookie: sessionCookieOf(request.header('cookie')),
      };
      const { secret, ...own } = await enter(body, door, request);
      const headers = { 'Set-Cookie': sessionCookie(secret) };
      const view = await viewOwnSession(people, own);
      return dataAnswer(route as DoorRoute, view, { requestId, clock: people.clock, headers });
    },
    requireOwnSite,
  );
}
