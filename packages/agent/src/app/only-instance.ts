import { join } from 'node:path';
import { messageOf, PatchError } from '@linux-patch/contract';
import type { Settings } from '../config/load.ts';
import { type LockHolder, type LockResult, takeLock } from '../host/instance-lock.ts';
import type { IdentityPlace } from '../identity/store/read.ts';
import type { AgentReport } from './agent-context.ts';

/** What one process at a time may do: serve, or get the host an identity. */
export type Exclusive = 'service' | 'identity';

interface Context {
  readonly place: Pick<IdentityPlace, 'files' | 'clock'>;
  readonly settings: Pick<Settings, 'paths'>;
  readonly report: Pick<AgentReport, 'logger'>;
}

const NOTHING: AsyncDisposable = { [Symbol.asyncDispose]: async () => {} };

/**
 * Takes a lock of this data folder, or says who holds it. A folder that cannot be locked must not keep an agent from its
 * work, so there the lock is done without.
 *
 * @param wait until the lock is free, or until this signal aborts
 */
export async function tryExclusive(
  { place, settings, report }: Context,
  what: Exclusive,
  wait?: AbortSignal,
): Promise<LockResult> {
  const { dataFolder } = settings.paths;
  const folder = join(dataFolder, 'locks');
  try {
    const result = await takeLock(place, join(folder, `${what}.lock`), wait);
    // What agents up to 1.2 took their lock with.
    if ('lock' in result) await place.files.remove(join(folder, what)).catch(() => {});
    return result;
  } catch (error) {
    report.logger.warn(`No lock could be taken below ${dataFolder}: ${messageOf(error)}`, { error });
    return { lock: NOTHING };
  }
}

/**
 * Makes this process the only one that serves from this data folder.
 * @throws PatchError `INSTANCE_RUNNING`
 */
export async function becomeOnlyInstance(context: Context): Promise<AsyncDisposable> {
  const result = await tryExclusive(context, 'service');
  if ('lock' in result) return result.lock;
  const { heldBy: by } = result;
  throw new PatchError(
    'INSTANCE_RUNNING',
    `Another linux-patch-api already works with ${context.settings.paths.dataFolder}: process ${by?.pid ?? 'unknown'}, since ${by?.since ?? 'unknown'}. ` +
      `Two of them would take each other's certificates and jobs. Stop it first: systemctl stop linux-patch-api, or kill ${by?.pid ?? 'PID'}.`,
    { details: { pid: by?.pid ?? null } },
  );
}

/**
 * Makes this process the only one that gets the host certificates.
 * @throws PatchError `INSTANCE_RUNNING` while another does
 */
export async function becomeOnlyRenewer(context: Context): Promise<AsyncDisposable> {
  const result = await tryExclusive(context, 'identity');
  if ('lock' in result) return result.lock;
  throw new PatchError(
    'INSTANCE_RUNNING',
    `Another process of this host (pid ${result.heldBy?.pid ?? 'unknown'}) is getting it certificates now.`,
  );
}

/**
 * Waits until this process alone may change the host's identity; undefined when `done` has come true in the meantime, or
 * the program was told to stop.
 */
export async function waitForIdentity(
  context: Context & { readonly time: { readonly signal: AbortSignal } },
  options: { readonly onWait: (by: LockHolder | undefined) => void; readonly done: () => Promise<boolean> },
): Promise<AsyncDisposable | undefined> {
  const { signal } = context.time;
  const atOnce = await tryExclusive(context, 'identity');
  if ('lock' in atOnce) return atOnce.lock;
  options.onWait(atOnce.heldBy);
  const later = await tryExclusive(context, 'identity', signal);
  if (!('lock' in later)) return undefined;
  // Whoever was waited for may have let go because it is done; asking once more would replace what it got.
  if (!signal.aborted && !(await options.done())) return later.lock;
  await later.lock[Symbol.asyncDispose]();
  return undefined;
}
