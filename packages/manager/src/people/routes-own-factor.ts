import { MANAGER_ADMIN_ROUTES } from '@linux-patch/contract';
import { ownOf } from '../http/actor.ts';
import { oidcCookieOf } from '../http/oidc-cookie.ts';
import type { Routes } from '../http/routes.ts';
import { confirmAuthenticator, offerAuthenticator, removeAuthenticator } from './authenticator.ts';
import type { PeopleContext } from './context.ts';
import type { OidcDoor } from './oidc-sign-in.ts';
import { viewOwnSession } from './own-session.ts';
import type { PasskeySite } from './passkeys.ts';
import { requirePassword } from './require-password.ts';
import { noting } from './routes-oidc.ts';
import { stepUp } from './step-up.ts';

/** What people call to show again that it is them, and about their authenticator. */
export function serveOwnFactorRoutes(
  routes: Routes,
  people: PeopleContext,
  ways: { readonly site: PasskeySite; readonly door: OidcDoor | undefined },
): void {
  routes.serve(MANAGER_ADMIN_ROUTES.stepUp, async ({ actor, body, request }) => {
    const own = ownOf(actor);
    const sealed = oidcCookieOf(request.header('cookie'));
    const showing = { ...own, address: request.observedAddress, sealed };
    const session = await noting(people, () => stepUp(people, ways, showing, body));
    return viewOwnSession(people, { person: own.person, session });
  });
  routes.serve(MANAGER_ADMIN_ROUTES.offerAuthenticator, ({ actor }) =>
    offerAuthenticator(people, requirePassword(ownOf(actor).person)),
  );
  routes.serve(MANAGER_ADMIN_ROUTES.confirmAuthenticator, async ({ actor, body }) => ({
    recovery_codes: await confirmAuthenticator(people, requirePassword(ownOf(actor).person), body.code),
  }));
  routes.serve(MANAGER_ADMIN_ROUTES.removeAuthenticator, async ({ actor }) => {
    await removeAuthenticator(people, ownOf(actor).person);
    return {};
  });
}
