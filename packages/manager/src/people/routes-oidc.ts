import { MANAGER_ADMIN_ROUTES, MANAGER_PUBLIC_ROUTES, PatchError } from '@linux-patch/contract';
import { dataAnswer } from '@linux-patch/http';
import { ownOf } from '../http/actor.ts';
import type { ManagerRequest } from '../http/manager-request.ts';
import { oidcCookie, oidcCookieOf } from '../http/oidc-cookie.ts';
import { requireOwnSite } from '../http/own-site.ts';
import { createRateLimit } from '../http/rate-limit.ts';
import type { Routes } from '../http/routes.ts';
import { ProviderTrouble } from '../oidc/faults.ts';
import type { FlowPurpose } from '../oidc/flows.ts';
import type { PeopleContext } from './context.ts';
import { isOfProvider } from './known-person.ts';
import { type OidcDoor, signInWithOidc } from './oidc-sign-in.ts';
import { serveDoor } from './routes-door.ts';

/** Of one address; each may make the manager ask the provider. */
const BEGUN_PER_MINUTE = 30;

function none(): PatchError {
  return new PatchError(
    'NOT_FOUND',
    'No identity provider is configured (oidc in config.yaml). Sign in with name and password.',
  );
}

/** Tells whoever runs the manager what keeps people out, and lets it go on to who asks. */
export async function noting<T>(
  { logger }: Pick<PeopleContext, 'logger'>,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ProviderTrouble)
      logger.error('The identity provider cannot be used, so nobody signs in with it', {
        why: error.why,
        error: error.cause,
      });
    throw error;
  }
}

/** The provider sends a browser back to one address, so it has to begin there. @throws PatchError `FORBIDDEN` */
function requireOrigin({ header }: ManagerRequest, origin: string, name: string): void {
  const here = header('origin');
  if (here === undefined || here.toLowerCase() === origin) return;
  throw new PatchError(
    'FORBIDDEN',
    `Signing in with ${name} works at ${origin} alone, because it sends you back there. Open the page at that address.`,
  );
}

/** What people call to sign in with the identity provider, and to begin to show with it again that it is them. */
export function serveOidcRoutes(
  routes: Routes,
  people: PeopleContext,
  { door, origin }: { readonly door: OidcDoor | undefined; readonly origin: string },
): void {
  const limit = createRateLimit({ perMinute: BEGUN_PER_MINUTE, clock: people.clock });
  const begin = async ({ request, purpose }: { request: ManagerRequest; purpose: FlowPurpose }) => {
    if (!door) throw none();
    const { provider, flows } = door;
    requireOrigin(request, origin, provider.settings.name);
    // Whoever is signed in waits for no stranger at the same address.
    if (purpose === 'sign-in') limit.admit(request.observedAddress);
    const { flow, sealed } = flows.begin(purpose);
    const url = await noting(people, () => provider.authorizationUrl(flow, purpose !== 'sign-in'));
    return { data: { url }, headers: { 'Set-Cookie': oidcCookie(sealed) } };
  };
  routes.serve(MANAGER_PUBLIC_ROUTES.oidcOffer, async () => ({
    name: door?.provider.settings.name ?? null,
    origin,
  }));
  routes.serveBare(
    MANAGER_PUBLIC_ROUTES.beginOidc,
    async ({ request, requestId }) => {
      const { data, headers } = await begin({ request, purpose: 'sign-in' });
      return dataAnswer(MANAGER_PUBLIC_ROUTES.beginOidc, data, { requestId, clock: people.clock, headers });
    },
    requireOwnSite,
  );
  serveDoor(routes, people, MANAGER_PUBLIC_ROUTES.signInWithOidc, ({ answer }, at, { header }) => {
    if (!door) throw none();
    const returned = { answer, sealed: oidcCookieOf(header('cookie')) };
    return noting(people, () => signInWithOidc(people, door, { returned, at }));
  });
  routes.serveBare(MANAGER_ADMIN_ROUTES.beginOidcStepUp, async ({ actor, request, requestId }) => {
    const { person, session } = ownOf(actor);
    if (door && !isOfProvider(person))
      throw new PatchError('FORBIDDEN', 'You sign in with a password, so show that it is you by that.');
    const { data, headers } = await begin({ request, purpose: `step-up ${session.id}` });
    return dataAnswer(MANAGER_ADMIN_ROUTES.beginOidcStepUp, data, {
      requestId,
      clock: people.clock,
      headers,
    });
  });
}
