import { MANAGER_ADMIN_ROUTES } from '@linux-patch/contract';
import type { Routes } from '../http/routes.ts';
import {
  createJoinToken,
  getJoinToken,
  type JoinTokenContext,
  listJoinTokens,
  revokeJoinToken,
} from './store.ts';

/** What administrators call about join tokens. */
export function serveJoinTokenRoutes(routes: Routes, tokens: JoinTokenContext): void {
  routes.serve(MANAGER_ADMIN_ROUTES.createToken, ({ body, actor }) =>
    createJoinToken(tokens, body, actor.name),
  );
  routes.serve(MANAGER_ADMIN_ROUTES.listTokens, async () => {
    const list = await listJoinTokens(tokens);
    return { tokens: list, total: list.length };
  });
  routes.serve(MANAGER_ADMIN_ROUTES.getToken, ({ parameter }) => getJoinToken(tokens, parameter('id')));
  routes.serve(MANAGER_ADMIN_ROUTES.revokeToken, ({ parameter, actor }) =>
    revokeJoinToken(tokens, parameter('id'), actor.name),
  );
}
