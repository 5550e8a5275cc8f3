import { isPatchError, type PackageLists, PatchError } from '@linux-patch/contract';

/** An agent answers a listing that refreshes first, or a plan, within two minutes, if only to say that it takes longer. */
const REFRESH_TIMEOUT_MS = 125_000;

interface ListingCall {
  readonly query: URLSearchParams;
  readonly timeoutMs?: number;
}

/**
 * Asks a host for a listing of packages or updates. A question that an older agent does not know is left out when the
 * answer is right without it (`explain`), and refused when it is not (`refresh`).
 *
 * @param ask calls the host.
 * @throws PatchError `AGENT_ERROR` when the agent cannot refresh its lists on request.
 */
export async function askListing<T extends { readonly lists?: PackageLists | undefined }>(
  query: URLSearchParams,
  host: string,
  ask: (call: ListingCall) => Promise<T>,
): Promise<T> {
  const refresh = query.get('refresh') === 'true';
  const call = { query, ...(refresh ? { timeoutMs: REFRESH_TIMEOUT_MS } : {}) };
  try {
    const answer = await ask(call);
    // The oldest agents do not read what they do not know.
    if (refresh && answer.lists === undefined) throw tooOld(host);
    return answer;
  } catch (error) {
    if (refresh && isUnknown(error, 'refresh')) throw tooOld(host);
    if (!isUnknown(error, 'explain')) throw error;
    const known = new URLSearchParams(query);
    known.delete('explain');
    return askListing(known, host, ask);
  }
}

/**
 * Asks a host what a change would do.
 * @param ask calls the host.
 * @throws PatchError `AGENT_ERROR` when its agent makes no plans.
 */
export async function askPlan<T>(
  query: URLSearchParams,
  host: string,
  ask: (call: ListingCall) => Promise<T>,
): Promise<T> {
  try {
    return await ask({ query, timeoutMs: REFRESH_TIMEOUT_MS });
  } catch (error) {
    const { agent } = isPatchError(error, 'AGENT_ERROR') ? error.details : {};
    const code = (agent as { readonly code?: unknown } | undefined)?.code;
    // The path is one of a package to the first agents, which none may be asked of with this method.
    if (code !== 'NOT_FOUND' && code !== 'METHOD_NOT_ALLOWED') throw error;
    throw new PatchError(
      'AGENT_ERROR',
      `The agent of ${host} is too old to plan. Upgrade it; "patches ${host}" lists what waits there.`,
    );
  }
}

function tooOld(host: string): PatchError {
  return new PatchError(
    'AGENT_ERROR',
    `The agent of ${host} is older than 1.2 and does not refresh its package lists when asked. Upgrade it; without a refresh ` +
      'it lists what its lists know, and a patch of everything refreshes them first.',
  );
}

/** Whether the agent refused the request because it does not know this member of the query. */
function isUnknown(error: unknown, name: string): boolean {
  if (!isPatchError(error, 'INVALID_REQUEST')) return false;
  const { faults } = error.details;
  return Array.isArray(faults) && faults.some((one: { path?: unknown }) => one.path === `query.${name}`);
}
