import { MANAGER_ADMIN_ROUTES } from '@linux-patch/contract';
import { ownOf } from '../http/actor.ts';
import type { Routes } from '../http/routes.ts';
import { confirmAuthenticator, offerAuthenticator, removeAuthenticator } from './authenticator.ts';
import type { PeopleContext } from './context.ts';
import { viewOwnSession } from './own-session.ts';
import type { PasskeySite } from './passkeys.ts';
import { stepUp } from './step-up.ts';

/** What people call to show again that it is them, and about their authenticator. */
export function serveOwnFactorRoutes(routes: Routes, people: PeopleContext, site: PasskeySite): void {
  routes.serve(MANAGER_ADMIN_ROUTES.stepUp, async ({ actor, body, request }) => {
    const own = ownOf(actor);
    const session = await stepUp(people, site, { ...own, address: request.observedAddress }, body);
    return viewOwnSession(people, { person: own.person, session });
  });
  routes.serve(MANAGER_ADMIN_ROUTES.offerAuthenticator, ({ actor }) =>
    offerAuthenticator(people, ownOf(actor).person),
  );
  routes.serve(MANAGER_ADMIN_ROUTES.confirmAuthenticator, async ({ actor, body }) => ({
    recovery_codes: await confirmAuthenticator(people, ownOf(actor).person, body.code),
  }));
  routes.serve(MANAGER_ADMIN_ROUTES.removeAuthenticator, async ({ actor }) => {
    await removeAuthenticator(people, ownOf(actor).person);
    return {};
  });
}
