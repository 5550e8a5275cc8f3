import { MANAGER_PUBLIC_ROUTES } from '@linux-patch/contract';
import { answerWith, dataAnswer } from '@linux-patch/http';
import { requireOwnSite } from '../http/own-site.ts';
import type { Routes } from '../http/routes.ts';
import { sessionCookie } from '../http/session-cookie.ts';
import type { PeopleContext } from './context.ts';
import type { FirstLink } from './first-link.ts';
import { makeFirstPerson } from './first-person.ts';
import { toOwnSession } from './own-session.ts';

const HOW = `This link makes the first administrator of this manager, once.

With its secret (what is behind the # of the link), from anywhere:

  POST /api/v1/setup   Content-Type: application/json   Linux-Patch-Request: 1
  {"secret": "lpmf_...", "name": "ada", "password": "at least 12 characters"}

Or as root on the manager's machine:

  linux-patch-manager people create ada --role admin
`;

/** What makes the first person. */
export function serveFirstRoutes(routes: Routes, people: PeopleContext, link: FirstLink): void {
  routes.serveBare(MANAGER_PUBLIC_ROUTES.setUpPage, () =>
    answerWith(HOW, { headers: { 'Content-Type': 'text/plain;charset=UTF-8' } }),
  );
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
      return dataAnswer(route, toOwnSession(own), { requestId, clock: people.clock, headers });
    },
    requireOwnSite,
  );
}
