import type { EnrollmentContext } from './enrollment/context.ts';
import type { Routes } from './http/routes.ts';
import { createFlows } from './oidc/flows.ts';
import type { Provider } from './oidc/provider.ts';
import { createChallenges } from './passkeys/challenges.ts';
import { relyingPartyOf } from './passkeys/relying-party.ts';
import type { PeopleContext } from './people/context.ts';
import type { FirstLink } from './people/first-link.ts';
import type { PasskeySite } from './people/passkeys.ts';
import { createPasswordWork } from './people/password-work.ts';
import { servePeopleRoutes } from './people/routes.ts';
import { serveFirstRoutes } from './people/routes-first.ts';
import { serveOidcRoutes } from './people/routes-oidc.ts';
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

/** What makes the first person, the address at which people open the page, and with whom they may sign in. */
interface Entrances {
  readonly link: FirstLink;
  readonly managerUrl: string;
  /** Undefined where none is configured. */
  readonly provider: Provider | undefined;
}

/** What is called by people, and about them. */
export function servePeople(
  routes: Routes,
  people: PeopleContext,
  { link, managerUrl, provider }: Entrances,
): void {
  const { origin } = new URL(managerUrl);
  const door = provider && { provider, flows: createFlows(people) };
  const site: PasskeySite = { party: relyingPartyOf(managerUrl), challenges: createChallenges(people) };
  servePeopleRoutes(routes, people, provider?.settings.issuer);
  serveSessionRoutes(routes, people);
  serveOwnFactorRoutes(routes, people, { site, door });
  servePasskeyRoutes(routes, people, site);
  serveOidcRoutes(routes, people, { door, origin });
  serveFirstRoutes(routes, people, link);
}
