import { MANAGER_ADMIN_ROUTES } from '@linux-patch/contract';
import type { Routes } from '../http/routes.ts';
import type { TokenHolders } from './holders.ts';
import { type ApiTokenContext, createApiToken, listApiTokens, revokeApiToken } from './store.ts';

/** What administrators call about API tokens. */
export function serveApiTokenRoutes(
  routes: Routes,
  tokens: ApiTokenContext,
  holders: Pick<TokenHolders, 'begin' | 'cutOff'>,
): void {
  routes.serve(MANAGER_ADMIN_ROUTES.createApiToken, async ({ body, actor }) => {
    const created = await createApiToken(tokens, body, actor);
    holders.begin(body.name);
    return created;
  });
  routes.serve(MANAGER_ADMIN_ROUTES.listApiTokens, async () => {
    const list = await listApiTokens(tokens);
    return { api_tokens: list, total: list.length };
  });
  routes.serve(MANAGER_ADMIN_ROUTES.revokeApiToken, async ({ parameter, actor }) => {
    const revoked = await revokeApiToken(tokens, parameter('name'), actor.name);
    holders.cutOff(revoked.name);
    return revoked;
  });
}
