import { messageOf, PatchError } from '@linux-patch/contract';
import type { Files } from '@linux-patch/runtime';
import type { HostIdentity } from '../../host/host-identity.ts';
import { isLocalFault } from '../../host/local-fault.ts';
import { nextDelayMs } from '../../manager-link/schedule.ts';
import { adoptedRequest, type ConfiguredToken } from '../older/configured-token.ts';
import type { Applicant, EnrollMode, EnrollmentReport, EnrollmentTime } from '../settings.ts';
import { fitsPending } from './fits-pending.ts';
import {
  createPending,
  type PendingEnrollment,
  type PendingPlaces,
  readPending,
  writePending,
} from './pending.ts';

/** What an enrolment is kept with. */
export interface PendingOptions {
  readonly files: Files;
  readonly places: PendingPlaces;
  readonly applicant: Applicant;
  /** A token that an earlier version wrote into the configuration. */
  readonly configuredToken: ConfiguredToken;
  readonly mode: EnrollMode;
  readonly time: EnrollmentTime;
  readonly report: EnrollmentReport;
}

/** An enrolment to go on with. */
export interface OpenedEnrollment {
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
export async function openPending(options: PendingOptions): Promise<OpenedEnrollment> {
  const { applicant, mode, time, report } = options;
  for (let failures = 0; ; failures += 1) {
    try {
      return await open(options);
    } catch (error) {
      const message = troubleOf(mode, error);
      if (message === undefined) throw error;
      if (mode === 'once') throw new PatchError('PROVISION_FAILED', message, { cause: error });
      const delayMs = nextDelayMs({ kind: 'transient', failures }, time.random.fraction());
      report.logger.warn(message, { next_attempt_seconds: Math.round(delayMs / 1000) });
      report.onProgress({
        state: 'retrying',
        managerUrl: applicant.managerUrl.href,
        keyId: '',
        sinceMs: time.clock.now(),
        lastError: message,
      });
      await time.clock.sleep(delayMs, time.signal);
    }
  }
}

function troubleOf(mode: EnrollMode, error: unknown): string | undefined {
  if (error instanceof PatchError && error.code === 'IDENTITY_UNAVAILABLE' && mode === 'service')
    return error.message;
  if (!isLocalFault(error)) return undefined;
  return `The key and the state of the enrolment could not be written: ${messageOf(error)}. Nothing was sent yet.`;
}

async function open(options: PendingOptions): Promise<OpenedEnrollment> {
  const { files, places, applicant, configuredToken, mode, report } = options;
  const identity = await applicant.identity();
  const saved = await readPending(files, places);
  const configured = await configuredToken.unused();
  const token = saved?.polling_token ?? configured;
  const keyPem = await files.readText(places.keyFile);
  const manager = applicant.managerUrl.href;
  const now = {
    managerUrl: manager,
    identity,
    ownAddresses: applicant.addresses(),
    registered: token !== undefined,
    binding: await applicant.binding(),
    cloneOf: applicant.cloneOf,
  };
  if (saved && keyPem && fitsPending({ pending: saved, keyPem }, now)) {
    const { key_id, state } = saved;
    report.logger.info('Going on with the saved enrolment', { manager, key_id });
    report.audit.record('enrollment_resumed', { key_id, manager, state });
    if (asksOnceMore(options, saved)) return { pending: { ...saved, polling_token: null }, keyPem };
    const pending = { ...saved, polling_token: token ?? null };
    if (configured !== undefined) await takeOver(options, pending);
    return { pending, keyPem };
  }
  const begun = await beginPending(options, identity);
  if (saved === undefined && configured !== undefined && mode === 'service')
    return adopt(options, begun, configured);
  await configuredToken.markUsed();
  return begun;
}

/**
 * Whether a start asks to join once more, because nothing proved the refusal that came before: with the same key and
 * code, so that whoever made it up gains nothing. That also heals a request that was changed on the way: it fits no code,
 * so it can be neither approved nor refused with a proof. The answer of a manager of the older generation comes only with
 * the token of its request, which is kept.
 */
function asksOnceMore({ report }: PendingOptions, saved: PendingEnrollment): boolean {
  if (!saved.denial_unproven || saved.generation !== 'current') return false;
  report.logger.info(
    'Asking to join once more: the earlier request was refused, and nothing proved by whom',
    {
      key_id: saved.key_id,
    },
  );
  return true;
}

/** A new key, code and nonce, on disk and in the audit log. */
export async function beginPending(
  { files, places, applicant, time, report }: PendingOptions,
  identity: HostIdentity,
): Promise<OpenedEnrollment> {
  const manager = applicant.managerUrl.href;
  const begun = await createPending({
    files,
    places,
    clock: time.clock,
    random: time.random,
    managerUrl: manager,
    identity,
    binding: await applicant.binding(),
    cloneOf: applicant.cloneOf,
  });
  report.audit.record('enrollment_key_created', { key_id: begun.pending.key_id, manager });
  report.logger.info('Enrolling', { manager, key_id: begun.pending.key_id });
  return begun;
}

/** Goes on with the request of an earlier agent. */
async function adopt(
  options: PendingOptions,
  begun: OpenedEnrollment,
  token: string,
): Promise<OpenedEnrollment> {
  const pending = adoptedRequest(begun.pending, token);
  await takeOver(options, pending);
  const { key_id, state, manager_url: manager } = pending;
  options.report.logger.info('Going on with the polling token of an earlier agent', { manager });
  options.report.audit.record('enrollment_resumed', { key_id, manager, state });
  return { pending, keyPem: begun.keyPem };
}

/** Makes the token of the configuration the state's. Failing to write that down costs a second request after a restart. */
async function takeOver(
  { files, places, configuredToken, report }: PendingOptions,
  pending: PendingEnrollment,
): Promise<void> {
  const { logger } = report;
  try {
    await writePending(files, places, pending);
    await configuredToken.markUsed();
    logger.info(
      'The polling token of the configuration is kept with the state of the enrolment now; enrollment.polling_token may be removed',
      {},
    );
  } catch (error) {
    logger.warn('The polling token of the configuration could not be written into the state', { error });
  }
}
