import { isPatchError, messageOf } from '@linux-patch/contract';
import type { AgentContext } from '../../app/agent-context.ts';
import type { HeldIdentity } from '../identity.ts';
import { type Renewal, renewWith } from './renew-with.ts';

/** What health says about a key that has been on another machine. */
export const MANAGER_MADE_KEY =
  'the manager made the private key of this host (legacy key), so it has been on another machine; it is replaced by itself when the manager can renew';

/**
 * Asks a manager to renew early, because it made the key itself. One of the older generation does not know how; then
 * nothing changes, and nothing has failed.
 *
 * @returns the certificate that was installed
 */
export async function tryToRekey(
  context: AgentContext,
  held: HeldIdentity,
  managerUrl: string,
): Promise<Renewal | undefined> {
  if (held.meta.key_origin !== 'manager' || context.clockWatch.verdict.state === 'bad') return undefined;
  const { logger, signal } = context;
  try {
    const outcome = await renewWith(context, managerUrl, held.material);
    if (outcome.kind === 'renewed') return outcome;
    logger.debug('The manager cannot replace the key that it made', { answer: outcome.message });
  } catch (error) {
    if (!isPatchError(error)) throw error;
    if (!signal.aborted) logger.debug('The key could not be replaced now', { reason: messageOf(error) });
  }
  return undefined;
}
