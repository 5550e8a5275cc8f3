import { MANAGER_ADMIN_ROUTES } from '@linux-patch/contract';
import type { Routes } from '../http/routes.ts';
import { lineFrom } from '../install/install-line.ts';
import { type InstallOffer, readSources } from '../install/sources.ts';
import {
  createJoinToken,
  getJoinToken,
  type JoinTokenContext,
  listJoinTokens,
  revokeJoinToken,
} from './store.ts';

/** What administrators call about join tokens. */
export function serveJoinTokenRoutes(routes: Routes, tokens: JoinTokenContext, offer: InstallOffer): void {
  routes.serve(MANAGER_ADMIN_ROUTES.createToken, async ({ body, actor }) => {
    // Before the token is made: a line that cannot be written must not cost one.
    const { line } = lineFrom(await readSources(offer));
    const made = await createJoinToken(tokens, body, actor.name);
    const install_line = line({ managerUrl: made.manager_url, joinString: made.join_string });
    return { ...made, install_line };
  });
  routes.serve(MANAGER_ADMIN_ROUTES.listTokens, async () => {
    const list = await listJoinTokens(tokens);
    return { tokens: list, total: list.length };
  });
  routes.serve(MANAGER_ADMIN_ROUTES.getToken, ({ parameter }) => getJoinToken(tokens, parameter('id')));
  routes.serve(MANAGER_ADMIN_ROUTES.revokeToken, ({ parameter, actor }) =>
    revokeJoinToken(tokens, parameter('id'), actor.name),
  );
}
