import { join } from 'node:path';
import { messageOf, PatchError } from '@linux-patch/contract';
import { type LockOwner, takeLock } from '../host/instance-lock.ts';
import type { AgentContext } from './agent-context.ts';

/** What one process at a time may do: serve, or get the host an identity. */
export type Exclusive = 'service' | 'identity';

type Context = Pick<AgentContext, 'files' | 'clock' | 'logger' | 'paths'>;

const NOTHING: AsyncDisposable = { [Symbol.asyncDispose]: async () => {} };

/**
 * Takes a lock of this data folder, or says who holds it. A folder that cannot be written must not keep an agent from
 * its work, so there the lock is done without.
 */
export async function tryExclusive(
  context: Context,
  what: Exclusive,
): Promise<{ readonly held: AsyncDisposable } | { readonly by: LockOwner | undefined }> {
  const { files, clock, logger, paths } = context;
  try {
    const result = await takeLock({ files, clock }, join(paths.dataFolder, 'locks', what));
    return 'lock' in result ? { held: result.lock } : { by: result.heldBy };
  } catch (error) {
    logger.warn(`No lock could be taken below ${paths.dataFolder}: ${messageOf(error)}`, { error });
    return { held: NOTHING };
  }
}

/**
 * Makes this process the only one that serves from this data folder.
 * @throws PatchError `INSTANCE_RUNNING`
 */
export async function becomeOnlyInstance(context: Context): Promise<AsyncDisposable> {
  const result = await tryExclusive(context, 'service');
  if ('held' in result) return result.held;
  const { by } = result;
  throw new PatchError(
    'INSTANCE_RUNNING',
    `Another linux-patch-api already works with ${context.paths.dataFolder}: process ${by?.pid ?? 'unknown'}, since ${by?.since ?? 'unknown'}. ` +
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
  if ('held' in result) return result.held;
  throw new PatchError(
    'INSTANCE_RUNNING',
    `Another process of this host (pid ${result.by?.pid ?? 'unknown'}) is getting it certificates now.`,
  );
}

const LOOK_AGAIN_MS = 500;

/**
 * Waits until this process alone may change the host's identity; undefined when \`done\` came true in the meantime, or
 * the program was told to stop.
 */
export async function waitForIdentity(
  context: Context & Pick<AgentContext, 'signal'>,
  options: { readonly onWait: (by: LockOwner | undefined) => void; readonly done: () => Promise<boolean> },
): Promise<AsyncDisposable | undefined> {
  let told = false;
  while (!context.signal.aborted) {
    const result = await tryExclusive(context, 'identity');
    if ('held' in result) {
      // Whoever was waited for may have let go because it is done; asking once more would replace what it got.
      if (!told || !(await options.done())) return result.held;
      await result.held[Symbol.asyncDispose]();
      return undefined;
    }
    if (!told) options.onWait(result.by);
    told = true;
    if (await options.done()) return undefined;
    await context.clock.sleep(LOOK_AGAIN_MS, context.signal).catch(() => {});
  }
  return undefined;
}
