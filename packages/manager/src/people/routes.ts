import { MANAGER_ADMIN_ROUTES } from '@linux-patch/contract';
import type { Routes } from '../http/routes.ts';
import type { PeopleContext } from './context.ts';
import { identityOf } from './oidc-identity.ts';
import { endSessions, listSessions } from './sessions.ts';
import { changePerson, createPerson, getPerson, listPeople, removePerson, resetPerson } from './store.ts';

/** What administrators call about people. @param issuer of the identity provider with which they may sign in, where there is one */
export function servePeopleRoutes(routes: Routes, people: PeopleContext, issuer: string | undefined): void {
  routes.serve(MANAGER_ADMIN_ROUTES.createPerson, async ({ body, actor }) => {
    const { oidc_subject: subject, ...wish } = body;
    return createPerson(people, { ...wish, identity: identityOf(issuer, subject) }, actor);
  });
  routes.serve(MANAGER_ADMIN_ROUTES.listPeople, async () => {
    const list = await listPeople(people);
    return { people: list, total: list.length };
  });
  routes.serve(MANAGER_ADMIN_ROUTES.changePerson, async ({ body, parameter, actor }) => {
    const { oidc_subject: subject, ...change } = body;
    const identity = identityOf(issuer, subject);
    return changePerson(people, parameter('name'), { ...change, identity, actor: actor.name });
  });
  routes.serve(MANAGER_ADMIN_ROUTES.resetPerson, ({ body, parameter, actor }) =>
    resetPerson(people, parameter('name'), { ...body, actor }),
  );
  routes.serve(MANAGER_ADMIN_ROUTES.personSessions, async ({ parameter, actor }) => {
    const { id } = await getPerson(people.db, parameter('name'));
    const sessions = await listSessions(people, id, actor.own?.session.id);
    return { sessions, total: sessions.length };
  });
  routes.serve(MANAGER_ADMIN_ROUTES.endPersonSessions, async ({ body, parameter, actor }) => {
    const person = await getPerson(people.db, parameter('name'));
    const own = actor.own?.session.id;
    const ended = await endSessions(people, person, { ...body, except: own, actor: actor.name });
    return { ended };
  });
  routes.serve(MANAGER_ADMIN_ROUTES.removePerson, ({ parameter, actor }) =>
    removePerson(people, parameter('name'), actor.name),
  );
}
