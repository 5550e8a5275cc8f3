import { PatchError } from '@linux-patch/contract';
import { collectHostIdentity, type HostIdentity } from './host-identity.ts';
import { createPending, fitsPending, type PendingEnrollment, readPending } from './pending.ts';
import { nextDelayMs } from './schedule.ts';
import type { EnrollContext } from './settings.ts';

/** An enrolment to go on with. */
interface OpenedEnrollment {
  readonly pending: PendingEnrollment;
  readonly keyPem: string;
  /** The saved polling token, when it belongs to this enrolment. */
  readonly token: string | undefined;
}

/** A network that is not up yet at boot is waited for; a command reports instead. */
async function waitForIdentity(context: EnrollContext): Promise<HostIdentity> {
  for (let failures = 0; ; failures += 1) {
    try {
      return await collectHostIdentity(context);
    } catch (error) {
      if (context.mode === 'once' || !(error instanceof PatchError)) throw error;
      context.logger.warn('This host cannot say who it is yet', { error });
      const delayMs = nextDelayMs({ kind: 'local', failures }, context.random.fraction());
      await context.clock.sleep(delayMs, context.signal);
    }
  }
}

/**
 * Takes up the saved enrolment of this host with this manager, or begins a new one with a new key when there is none
 * or host or manager have changed.
 */
export async function openPending(context: EnrollContext): Promise<OpenedEnrollment> {
  const { files, clock, random, managerUrl, savedToken } = context;
  const identity = await waitForIdentity(context);
  const saved = await readPending(files, context);
  const keyPem = await files.readText(context.keyFile);
  if (saved && keyPem && fitsPending({ pending: saved, keyPem }, { managerUrl: managerUrl.href, identity })) {
    context.logger.info('Going on with the saved enrolment', {
      manager: managerUrl.href,
      key_id: saved.key_id,
    });
    return { pending: saved, keyPem, token: savedToken };
  }
  if (savedToken !== undefined) await context.clearToken();
  const made = await createPending({
    files,
    places: context,
    clock,
    random,
    managerUrl: managerUrl.href,
    identity,
  });
  context.audit('enrollment_key_created', { key_id: made.pending.key_id, manager: managerUrl.href });
  context.logger.info('Enrolling', { manager: managerUrl.href, key_id: made.pending.key_id });
  return { ...made, token: undefined };
}
