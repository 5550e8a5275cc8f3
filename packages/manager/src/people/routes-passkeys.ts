import { MANAGER_ADMIN_ROUTES, MANAGER_PUBLIC_ROUTES, type PasskeyChallenge } from '@linux-patch/contract';
import { ownOf } from '../http/actor.ts';
import type { Routes } from '../http/routes.ts';
import { CHALLENGE_MS, type Purpose } from '../passkeys/challenges.ts';
import type { PeopleContext } from './context.ts';
import { signInWithPasskey } from './passkey-sign-in.ts';
import {
  addPasskey,
  listPasskeys,
  offerPasskey,
  type PasskeySite,
  referencesOf,
  removePasskey,
} from './passkeys.ts';
import { requirePassword } from './require-password.ts';
import { serveDoor } from './routes-door.ts';

type Allowed = NonNullable<PasskeyChallenge['request']>['allowCredentials'];

function challenge({ party, challenges }: PasskeySite, purpose: Purpose, allowed: Allowed): PasskeyChallenge {
  const { id: rpId, origin, unusable } = party;
  if (unusable !== null) return { origin, unusable, request: null };
  return {
    origin,
    unusable,
    request: {
      challenge: challenges.make(purpose),
      rpId,
      timeout: CHALLENGE_MS,
      userVerification: 'required',
      allowCredentials: allowed,
    },
  };
}

function serveSignIn(routes: Routes, people: PeopleContext, site: PasskeySite): void {
  routes.serve(MANAGER_PUBLIC_ROUTES.passkeyChallenge, async () => challenge(site, 'sign-in', []));
  serveDoor(routes, people, MANAGER_PUBLIC_ROUTES.signInWithPasskey, (proof, door) =>
    signInWithPasskey(people, site, { proof, door }),
  );
}

/** What people call about their passkeys, and to show one. */
export function servePasskeyRoutes(routes: Routes, people: PeopleContext, site: PasskeySite): void {
  serveSignIn(routes, people, site);
  routes.serve(MANAGER_ADMIN_ROUTES.stepUpChallenge, async ({ actor }) => {
    const { person, session } = ownOf(actor);
    return challenge(site, `step-up ${session.id}`, await referencesOf(people, person.id));
  });
  routes.serve(MANAGER_ADMIN_ROUTES.listPasskeys, async ({ actor }) => {
    const passkeys = await listPasskeys(people, ownOf(actor).person.id);
    const { origin, unusable } = site.party;
    return { origin, unusable, passkeys, total: passkeys.length };
  });
  routes.serve(MANAGER_ADMIN_ROUTES.offerPasskey, ({ actor }) => {
    const own = ownOf(actor);
    requirePassword(own.person);
    return offerPasskey(people, site, own);
  });
  routes.serve(MANAGER_ADMIN_ROUTES.addPasskey, ({ actor, body: wish }) => {
    const own = ownOf(actor);
    requirePassword(own.person);
    return addPasskey(people, site, { ...own, wish, actor });
  });
  routes.serve(MANAGER_ADMIN_ROUTES.removePasskey, async ({ actor, parameter }) => {
    await removePasskey(people, { person: ownOf(actor).person, id: parameter('id'), actor });
    return {};
  });
}
