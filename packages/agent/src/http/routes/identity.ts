import { AGENT_ROUTES, PatchError } from '@linux-patch/contract';
import type { Clock } from '@linux-patch/runtime';
import type { Hono } from 'hono';
import type { TakenList } from '../../identity/revocation/list.ts';
import type { AgentEnv } from '../agent-env.ts';
import { serveRoute } from '../serve-route.ts';

export interface IdentitySources {
  /**
   * Puts a revocation list in force; undefined without TLS, where no certificate is looked at.
   * @throws PatchError `CRL_REFUSED`
   */
  readonly takeCrl: ((pem: string) => Promise<TakenList>) | undefined;
}

/** What the manager changes about the identity. */
export function serveIdentity(
  server: { readonly app: Hono<AgentEnv>; readonly clock: Clock },
  sources: IdentitySources,
): void {
  serveRoute(server, AGENT_ROUTES.setCrl, async ({ body }) => {
    if (!sources.takeCrl) {
      throw new PatchError('CRL_REFUSED', 'TLS is off (tls.enabled: false), so no revocation list is used.');
    }
    const { list, changed } = await sources.takeCrl(body.crl_pem);
    return {
      crl_number: list.number?.toString() ?? null,
      crl_next_update: list.nextUpdateMs === undefined ? null : new Date(list.nextUpdateMs).toISOString(),
      revoked: list.serials.size,
      changed,
    };
  });
}
