import { MANAGER_PUBLIC_ROUTES } from '@linux-patch/contract';
import type { Routes } from '../http/routes.ts';
import type { PeopleContext } from './context.ts';
import type { FirstLink } from './first-link.ts';
import { makeFirstPerson } from './first-person.ts';
import { serveDoor } from './routes-door.ts';

/** What makes the first person. */
export function serveFirstRoutes(routes: Routes, people: PeopleContext, link: FirstLink): void {
  serveDoor(routes, people, MANAGER_PUBLIC_ROUTES.setUp, (body, door) =>
    makeFirstPerson(people, { link, door: { ...door, cookie: undefined } }, body),
  );
}
