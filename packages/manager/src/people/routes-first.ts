import { MANAGER_PUBLIC_ROUTES } from '@linux-patch/contract';
import { dataAnswer } from '@linux-patch/http';
import { requireOwnSite } from '../http/own-site.ts';
import type { Routes } from '../http/routes.ts';
import { sessionCookie } from '../http/session-cookie.ts';
import type { PeopleContext } from './context.ts';
import type { FirstLink } from './first-link.ts';
import { makeFirstPerson } from './first-person.ts';
import { viewOwnSession } from './own-session.ts';

/** What makes the first person. */
export function serveFirstRoutes(routes: Routes, people: PeopleContext, link: FirstLink): void {
  const route = MANAGER_PUBLIC_ROUTES.setUp;
  routes.serveBare(
    route,
    async ({ body, request, requestId }) => {
      const door = {
        address: request.observedAddress,
        client: request.header('user-agent'),
        cookie: undefined,
      };
      const { secret, ...own } = await makeFirstPerson(people, { link, door }, body);
      const headers = { 'Set-Cookie': sessionCookie(secret) };
      return dataAnswer(route, await viewOwnSession(people, own), {
        requestId,
        clock: people.clock,
        headers,
      });
    },
    requireOwnSite,
  );
}
