import type { EnrollmentContext } from './enrollment/context.ts';
import type { Routes } from './http/routes.ts';
import { createChallenges } from './passkeys/challenges.ts';
import { relyingPartyOf } from './passkeys/relying-party.ts';
import type { PeopleContext } from './people/context.ts';
import type { FirstLink } from './people/first-link.ts';
import type { PasskeySite } from './people/passkeys.ts';
import { createPasswordWork } from './people/password-work.ts';
import { servePeopleRoutes } from './people/routes.ts';
import { serveFirstRoutes } from './people/routes-first.ts';
import { serveOwnFactorRoutes } from './people/routes-own-factor.ts';
import { servePasskeyRoutes } from './people/routes-passkeys.ts';
import { serveSessionRoutes } from './people/routes-sessions.ts';
import { createSessionCuts } from './people/session-cuts.ts';
import { createThrottle } from './people/throttle.ts';

/** What people sign in with. */
export function composePeople(enrollment: EnrollmentContext): PeopleContext {
  return {
    ...enrollment,
    passwords: createPasswordWork(enrollment.random),
    cuts: createSessionCuts(),
    throttle: createThrottle(enrollment.clock),
  };
}

/**
 * What is called by people, and about them.
 * @param at what makes the first person, and the address at which passkeys count
 */
export function servePeople(
  routes: Routes,
  people: PeopleContext,
  { link, managerUrl }: { readonly link: FirstLink; readonly managerUrl: string },
): void {
  const site: PasskeySite = { party: relyingPartyOf(managerUrl), challenges: createChallenges(people) };
  servePeopleRoutes(routes, people);
  serveSessionRoutes(routes, people);
  serveOwnFactorRoutes(routes, people, site);
  servePasskeyRoutes(routes, people, site);
  serveFirstRoutes(routes, people, link);
}
