import { AGENT_ROUTES, PatchError, type TrustBundle, type TrustState } from '@linux-patch/contract';
import type { Clock } from '@linux-patch/runtime';
import type { Hono } from 'hono';
import type { AgentEnv } from '../agent-env.ts';
import { serveRoute } from '../serve-route.ts';

export interface TrustSources {
  /** Common name of the manager this host enrolled with; undefined when the certificates were copied by hand. */
  readonly managerName: () => string | undefined;
  /** Takes the CAs. @throws PatchError `TRUST_REFUSED` */
  readonly setTrust: (bundle: TrustBundle) => Promise<TrustState>;
}

/** `PUT /api/v1/identity/trust`. Clients that `tls.allowed_clients` lets in may work with packages, not with trust. */
export function serveTrust(
  server: { readonly app: Hono<AgentEnv>; readonly clock: Clock },
  sources: TrustSources,
): void {
  serveRoute(server, AGENT_ROUTES.setTrust, ({ body, caller }) => {
    const manager = sources.managerName();
    if (manager === undefined) {
      throw new PatchError(
        'FORBIDDEN',
        'The certificates of this host were copied by hand, so nobody may change remotely whom it trusts. ' +
          'Put the new CA into ca.pem beside the old one, or enrol: linux-patch-api --enroll URL',
      );
    }
    if (caller.commonName !== manager) {
      throw new PatchError(
        'FORBIDDEN',
        'Only the manager this host enrolled with may change whom it trusts.',
      );
    }
    return sources.setTrust(body);
  });
}
