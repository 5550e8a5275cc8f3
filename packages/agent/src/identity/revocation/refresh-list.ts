import type { AgentContext } from '../../app/agent-context.ts';
import type { IdentityEvents } from '../events.ts';
import { refreshCrl } from './refresh-crl.ts';
import type { Revocations } from './revocations.ts';

/**
 * Fetches the revocation list when it is time; true when there is another one now. An outdated list still counts, so
 * failing to refresh it is a warning and no more; health shows its age.
 */
export async function refreshList(
  context: AgentContext,
  use: { readonly lists: Revocations; readonly events: IdentityEvents },
  managerUrl: string,
  signal: AbortSignal,
): Promise<boolean> {
  const { files, clock, certificates: paths, logger, proxyFor } = context;
  try {
    const { lists, events } = use;
    const url = new URL(managerUrl);
    if (!(await refreshCrl({ files, paths, lists, managerUrl: url, proxyFor, now: clock.now(), signal })))
      return false;
    events.crlRefreshed(lists.state, 'fetched');
    return true;
  } catch (error) {
    if (signal.aborted) return false;
    use.events.crlRefreshFailed(error);
    logger.warn('The revocation list could not be refreshed; the old one stays', { error });
    return false;
  }
}
