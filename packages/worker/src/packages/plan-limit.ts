import { isPatchError, PatchError } from '@linux-patch/contract';
import type { PlanWaiting } from '../package-interface/package-plans.ts';
import type { PackageHost } from './doors.ts';
import { findLockHolder, nameOfHolder } from './locks.ts';

/**
 * Plans for somebody who waits for the answer.
 * @throws PatchError `SERVICE_UNHEALTHY` when it takes too long, or when somebody changes packages, which may not fit
 *   together for a moment.
 */
export async function planWithin<T>(
  host: PackageHost,
  { signal, limitMs }: PlanWaiting,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const limit = new AbortController();
  const done = new AbortController();
  const late = new PatchError(
    'SERVICE_UNHEALTHY',
    `${host.adapter.words.solver} did not say within ${Math.round(limitMs / 1_000)} s what it would do. The host is busy or slow; ask again.`,
  );
  host.clock.sleep(limitMs, done.signal).then(
    () => limit.abort(late),
    () => {},
  );
  try {
    return await work(AbortSignal.any([signal, limit.signal]));
  } catch (error) {
    if (signal.aborted) throw new PatchError('SERVICE_UNHEALTHY', 'Nobody waits for the plan any more.');
    if (!isPatchError(error, 'DEPENDENCY_CONFLICT', 'PKG_MANAGER_ERROR')) throw error;
    const holder = await findLockHolder(host);
    throw holder ? busyError(nameOfHolder(holder), error) : error;
  } finally {
    done.abort();
  }
}

function busyError(holder: string, error: PatchError): PatchError {
  return new PatchError(
    'SERVICE_UNHEALTHY',
    `${holder} works with the package database now; ask again when it is done. Meanwhile: ${error.message}`,
    { cause: error },
  );
}
