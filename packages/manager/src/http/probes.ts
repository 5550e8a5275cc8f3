import { MANAGER_PUBLIC_ROUTES, PatchError } from '@linux-patch/contract';
import { answerWith } from '@linux-patch/http';
import type { Logger } from '@linux-patch/runtime';
import type { Routes } from './routes.ts';

const ok = () => answerWith('ok\n', { headers: { 'Content-Type': 'text/plain;charset=UTF-8' } });

/**
 * What load balancers and monitors ask without a credential. Strangers ask, too: they learn that something is wrong, and
 * only the log says what.
 * @param answers whether the database does
 */
export function serveProbes(routes: Routes, logger: Logger, answers: () => Promise<unknown>): void {
  routes.serveBare(MANAGER_PUBLIC_ROUTES.live, ok);
  routes.serveBare(MANAGER_PUBLIC_ROUTES.ready, async () => {
    try {
      await answers();
    } catch (error) {
      logger.error('The manager is not ready: its database does not answer', { error });
      throw new PatchError('SERVICE_UNHEALTHY', 'The manager is not ready; its log says why.', {
        cause: error,
      });
    }
    return ok();
  });
}
