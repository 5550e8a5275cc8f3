import { AGENT_ROUTES, isPatchError } from '@linux-patch/contract';
import type { FleetClient } from '../fleet-client/client.ts';
import type { EndedJob } from './attribute.ts';

/** So many of the newest are asked for; what changed since the last listing is among them, but after a long silence. */
const LOOKED_THROUGH = 50;
const MOST_JOBS = 5;

/**
 * What jobs changed that root of a host had done there, the newest ones. A host that does not tell has none: then what they
 * changed is told as from outside.
 */
export async function endedRootsJobs(
  fleet: Pick<FleetClient, 'call'>,
  agent: Parameters<FleetClient['call']>[0],
  call: { readonly signal: AbortSignal; readonly timeoutMs: number },
): Promise<EndedJob[]> {
  try {
    const query = new URLSearchParams({ limit: String(LOOKED_THROUGH), sort: 'created_at', order: 'desc' });
    const { jobs } = await fleet.call(agent, AGENT_ROUTES.listJobs, { ...call, query });
    const ended = jobs.filter((one) => one.by_root && one.completed_at !== null).slice(0, MOST_JOBS);
    return await Promise.all(
      ended.map(async ({ job_id: jobId }) => {
        const { results } = await fleet.call(agent, AGENT_ROUTES.getJob, { ...call, params: { id: jobId } });
        return { jobId, results };
      }),
    );
  } catch (error) {
    if (isPatchError(error) && !call.signal.aborted) return [];
    throw error;
  }
}
