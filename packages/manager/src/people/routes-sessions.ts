import { MANAGER_ADMIN_ROUTES, MANAGER_PUBLIC_ROUTES } from '@linux-patch/contract';
import { ownOf } from '../http/actor.ts';
import type { Routes } from '../http/routes.ts';
import type { PeopleContext } from './context.ts';
import { changeOwnPassword } from './own-password.ts';
import { viewOwnSession } from './own-session.ts';
import { requirePassword } from './require-password.ts';
import { serveDoor } from './routes-door.ts';
import { endSessions, listSessions, signOut } from './sessions.ts';
import { signIn } from './sign-in.ts';

/** What people call to sign in, and about themselves. */
export function serveSessionRoutes(routes: Routes, people: PeopleContext): void {
  serveDoor(routes, people, MANAGER_PUBLIC_ROUTES.signIn, (body, door) => signIn(people, body, door));
  routes.serve(MANAGER_ADMIN_ROUTES.ownSession, async ({ actor }) => viewOwnSession(people, ownOf(actor)));
  routes.serve(MANAGER_ADMIN_ROUTES.signOut, async ({ actor }) => {
    await signOut(people, ownOf(actor).session, actor.name);
    return {};
  });
  routes.serve(MANAGER_ADMIN_ROUTES.ownSessions, async ({ actor }) => {
    const { person, session } = ownOf(actor);
    const sessions = await listSessions(people, person.id, session.id);
    return { sessions, total: sessions.length };
  });
  routes.serve(MANAGER_ADMIN_ROUTES.endOwnSessions, async ({ actor, body }) => {
    const { person, session } = ownOf(actor);
    const ended = await endSessions(people, person, { ...body, except: session.id, actor: actor.name });
    return { ended };
  });
  routes.serve(MANAGER_ADMIN_ROUTES.changeOwnPassword, async ({ actor, body, request }) => {
    const own = { ...ownOf(actor), address: request.observedAddress };
    requirePassword(own.person);
    return { ended: await changeOwnPassword(people, own, body) };
  });
}
