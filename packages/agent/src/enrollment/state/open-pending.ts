import { messageOf, PatchError } from '@linux-patch/contract';
import { readHostBinding } from '../../host/host-binding.ts';
import { collectHostIdentity, type HostIdentity } from '../../host/host-identity.ts';
import { nextDelayMs } from '../../manager-link/schedule.ts';
import { isLocalFault } from '../local-fault.ts';
import type { EnrollContext } from '../settings.ts';
import { createPending, fitsPending, type PendingEnrollment, readPending, writePending } from './pending.ts';

/** An enrolment to go on with. */
interface OpenedEnrollment {
  readonly pending: PendingEnrollment;
  readonly keyPem: string;
}

/**
 * Takes up the saved enrolment of this host with this manager, or begins a new one with a new key when there is none
 * or host or manager have changed. A service waits for a network that is not up yet and for a disk that takes no
 * writes; a command reports them.
 *
 * @throws PatchError `IDENTITY_UNAVAILABLE` or `PROVISION_FAILED` when a command cannot go on; the signal's reason.
 */
export async function openPending(context: EnrollContext): Promise<OpenedEnrollment> {
  for (let failures = 0; ; failures += 1) {
    try {
      return await open(context);
    } catch (error) {
      const message = troubleOf(context, error);
      if (message === undefined) throw error;
      if (context.mode === 'once') throw new PatchError('PROVISION_FAILED', message, { cause: error });
      const delayMs = nextDelayMs({ kind: 'transient', failures }, context.random.fraction());
      context.logger.warn(message, { next_attempt_seconds: Math.round(delayMs / 1000) });
      context.onProgress({
        state: 'retrying',
        managerUrl: context.managerUrl.href,
        keyId: '',
        sinceMs: context.clock.now(),
        lastError: message,
      });
      await context.clock.sleep(delayMs, context.signal);
    }
  }
}

function troubleOf(context: EnrollContext, error: unknown): string | undefined {
  if (error instanceof PatchError && error.code === 'IDENTITY_UNAVAILABLE' && context.mode === 'service')
    return error.message;
  if (!isLocalFault(error)) return undefined;
  return `The key and the state of the enrolment could not be written: ${messageOf(error)}. Nothing was sent yet.`;
}

async function open(context: EnrollContext): Promise<OpenedEnrollment> {
  const { files, managerUrl, configuredToken } = context;
  const identity = await collectHostIdentity(context);
  const saved = await readPending(files, context);
  const configured = await configuredToken.unused();
  const token = saved?.polling_token ?? configured;
  const keyPem = await files.readText(context.keyFile);
  const now = {
    managerUrl: managerUrl.href,
    identity,
    ownAddresses:
      context.reportIp === undefined && context.reportInterface === undefined
        ? context.network.addresses().map((one) => one.address)
        : undefined,
    registered: token !== undefined,
    binding: await readHostBinding(context),
    cloneOf: context.cloneOf,
  };
  if (saved && keyPem && fitsPending({ pending: saved, keyPem }, now)) {
    context.logger.info('Going on with the saved enrolment', {
      manager: managerUrl.href,
      key_id: saved.key_id,
    });
    const { key_id, state } = saved;
    context.audit('enrollment_resumed', { key_id, manager: managerUrl.href, state });
    if (asksOnceMore(context, saved)) return { pending: { ...saved, polling_token: null }, keyPem };
    const pending = { ...saved, polling_token: token ?? null };
    if (configured !== undefined) await takeOver(context, pending);
    return { pending, keyPem };
  }
  const begun = await beginPending(context, identity);
  if (saved === undefined && configured !== undefined && context.mode === 'service')
    return adopt(context, begun, configured);
  await configuredToken.markUsed();
  return begun;
}

/**
 * Whether a start asks to join once more, because nothing proved the refusal that came before: with the same key and
 * code, so that whoever made it up gains nothing. That also heals a request that was changed on the way: it fits no code,
 * so it can be neither approved nor refused with a proof. The answer of a manager of the older generation comes only with
 * the token of its request, which is kept.
 */
function asksOnceMore({ logger }: EnrollContext, saved: PendingEnrollment): boolean {
  if (!saved.denial_unproven || saved.generation !== 'current') return false;
  logger.info('Asking to join once more: the earlier request was refused, and nothing proved by whom', {
    key_id: saved.key_id,
  });
  return true;
}

/** A new key, code and nonce, on disk and in the audit log. */
export async function beginPending(
  context: EnrollContext,
  identity: HostIdentity,
): Promise<OpenedEnrollment> {
  const { files, clock, random, managerUrl } = context;
  const begun = await createPending({
    files,
    places: context,
    clock,
    random,
    managerUrl: managerUrl.href,
    identity,
    binding: await readHostBinding(context),
    cloneOf: context.cloneOf,
  });
  context.audit('enrollment_key_created', { key_id: begun.pending.key_id, manager: managerUrl.href });
  context.logger.info('Enrolling', { manager: managerUrl.href, key_id: begun.pending.key_id });
  return begun;
}

/** A token without a state was saved by an agent of the older generation: its request waits, its key is the manager's. */
async function adopt(
  context: EnrollContext,
  begun: OpenedEnrollment,
  token: string,
): Promise<OpenedEnrollment> {
  const pending: PendingEnrollment = {
    ...begun.pending,
    adopted: true,
    generation: 'older',
    state: 'waiting',
    polling_token: token,
  };
  await takeOver(context, pending);
  context.logger.info('Going on with the polling token of an earlier agent', {
    manager: context.managerUrl.href,
  });
  const { key_id, state } = pending;
  context.audit('enrollment_resumed', { key_id, manager: context.managerUrl.href, state });
  return { pending, keyPem: begun.keyPem };
}

/** Makes the token of the configuration the state's. Failing to write that down costs a second request after a restart. */
async function takeOver(context: EnrollContext, pending: PendingEnrollment): Promise<void> {
  const { files, configuredToken, logger } = context;
  try {
    await writePending(files, context, pending);
    await configuredToken.markUsed();
    logger.info(
      'The polling token of the configuration is kept with the state of the enrolment now; enrollment.polling_token may be removed',
      {},
    );
  } catch (error) {
    logger.warn('The polling token of the configuration could not be written into the state', { error });
  }
}
