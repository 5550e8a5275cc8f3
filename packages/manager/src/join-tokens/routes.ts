import { MANAGER_ADMIN_ROUTES } from '@linux-patch/contract';
import type { Hono } from 'hono';
import { serveRoute } from '../http/app.ts';
import type { ManagerEnv } from '../http/node-adapter.ts';
import {
  createJoinToken,
  getJoinToken,
  type JoinTokenContext,
  listJoinTokens,
  revokeJoinToken,
} from './store.ts';

/** Who acts; accounts of their own come later. */
const ACTOR = 'admin';

/** What administrators call about join tokens. */
export function serveJoinTokenRoutes(app: Hono<ManagerEnv>, tokens: JoinTokenContext): void {
  const server = { app, clock: tokens.clock };
  serveRoute(server, MANAGER_ADMIN_ROUTES.createToken, ({ body }) => createJoinToken(tokens, body, ACTOR));
  serveRoute(server, MANAGER_ADMIN_ROUTES.listTokens, async () => {
    const list = await listJoinTokens(tokens);
    return { tokens: list, total: list.length };
  });
  serveRoute(server, MANAGER_ADMIN_ROUTES.getToken, ({ parameter }) => getJoinToken(tokens, parameter('id')));
  serveRoute(server, MANAGER_ADMIN_ROUTES.revokeToken, ({ parameter }) =>
    revokeJoinToken(tokens, parameter('id'), ACTOR),
  );
}
