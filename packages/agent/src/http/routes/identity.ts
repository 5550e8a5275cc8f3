import { AGENT_ROUTES, isoOf, PatchError } from '@linux-patch/contract';
import type { Identity } from '../../identity/identity.ts';
import type { IdentityService } from '../../identity/service.ts';
import type { RouteServer } from '../agent-request.ts';
import { serveRoute } from '../serve-route.ts';

/** The identity that the manager changes. */
export interface ServedIdentity extends Pick<IdentityService, 'takeCrl' | 'setTrust'> {
  readonly current: { readonly value: Pick<Identity, 'meta'> };
}

/**
 * What the manager changes about the identity: `PUT /api/v1/identity/crl` and `/api/v1/identity/trust`.
 * @param identity undefined without TLS, where no certificate is looked at
 */
export function serveIdentity(server: RouteServer, identity: ServedIdentity | undefined): void {
  serveRoute(server, AGENT_ROUTES.setCrl, async ({ body }) => {
    if (!identity)
      throw new PatchError('CRL_REFUSED', 'TLS is off (tls.enabled: false), so no revocation list is used.');
    const { list, changed } = await identity.takeCrl(body.crl_pem);
    return {
      crl_number: list.number?.toString() ?? null,
      crl_next_update: isoOf(list.nextUpdateMs),
      revoked: list.serials.size,
      changed,
    };
  });
  // Clients that `tls.allowed_clients` lets in may work with packages, not with trust.
  serveRoute(server, AGENT_ROUTES.setTrust, ({ body, request: { caller } }) => {
    const manager = identity?.current.value.meta.manager_client?.cn;
    if (!identity || manager === undefined)
      throw new PatchError(
        'FORBIDDEN',
        'The certificates of this host were copied by hand, so nobody may change remotely whom it trusts. ' +
          'Put the new CA into ca.pem beside the old one, or enrol: linux-patch-api --enroll URL',
      );
    if (caller.commonName !== manager)
      throw new PatchError(
        'FORBIDDEN',
        'Only the manager this host enrolled with may change whom it trusts.',
      );
    return identity.setTrust(body);
  });
}
