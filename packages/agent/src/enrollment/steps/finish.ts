import { type Bundle, isPatchError, messageOf } from '@linux-patch/contract';
import { isLocalFault } from '../local-fault.ts';
import { allowManager, installBundle, type ProvenBundle, proveBundle } from './provision.ts';
import type { NextStep, StepParts, WaitStep } from './step.ts';

/** What is left to do with a proven bundle; each part is done once, however often a disk fails. */
export interface Finishing {
  readonly proven: ProvenBundle;
  allowed: boolean;
}

/** Checks an approval. A refused one is reported, and the manager is asked again later. */
export async function proveStep(parts: StepParts, bundle: Bundle): Promise<Finishing | WaitStep> {
  const { context, record, trust, calls, setbacks } = parts;
  try {
    const claim = {
      pending: record.pending,
      keyPem: record.keyPem,
      trust,
      peers: calls.peers(),
      pin: parts.join?.caFingerprint,
    };
    const proven = await proveBundle(context, bundle, claim);
    context.audit('enrollment_approved', {
      key_id: record.pending.key_id,
      serial: proven.serialHex,
      trust: proven.trust,
      manager: record.pending.manager_url,
    });
    await record.note({ state: 'installing', installing_serial: proven.serialHex });
    return { proven, allowed: false };
  } catch (error) {
    // Whatever an outsider's bytes make go wrong is a refusal, never the end of the agent.
    const code = isPatchError(error) ? error.code : 'INTERNAL_ERROR';
    const clock = context.clockWatch?.verdict;
    const reason = clock?.state === 'bad' ? `${messageOf(error)} ${clock.message}` : messageOf(error);
    context.audit('enrollment_bundle_refused', { error_code: code, reason });
    return {
      kind: 'wait',
      reason: { kind: 'security', failures: setbacks.count('refused_bundle') },
      error: reason,
      state: 'needs_person',
    };
  }
}

/**
 * Lets the manager in, installs, tells the manager, tidies. The address filter comes first: a crash in between then
 * leaves an enrolment that is resumed, never an agent that its manager cannot reach.
 */
export async function installStep(parts: StepParts, finishing: Finishing): Promise<NextStep> {
  const { context, record, setbacks } = parts;
  finishing.allowed ||= await tryToAllow(parts, 'warn');
  try {
    await installBundle(context, finishing.proven, record.pending.generation === 'older');
  } catch (error) {
    if (!isLocalFault(error)) throw error;
    const message = messageOf(error);
    if (context.mode === 'once') return { kind: 'end', outcome: { kind: 'failed', message } };
    // The manager keeps the bundle until it is acknowledged, and so does this process: a full disk heals.
    return {
      kind: 'wait',
      reason: { kind: 'transient', failures: setbacks.count('local') },
      error: message,
      state: 'installing',
    };
  }
  finishing.allowed ||= await tryToAllow(parts, 'error');
  if (await acknowledge(parts, finishing.proven)) await record.forget();
  return { kind: 'end', outcome: { kind: 'installed' } };
}

async function tryToAllow({ context }: StepParts, level: 'warn' | 'error'): Promise<boolean> {
  try {
    await allowManager(context);
    return true;
  } catch (error) {
    context.logger[level](
      "The manager's addresses could not be learned; unless they are on the allow list, the manager cannot reach this agent",
      { error },
    );
    return false;
  }
}

/** Tells the manager; when that fails the state is kept, and the next start says it again. */
async function acknowledge({ context, record, calls }: StepParts, proven: ProvenBundle): Promise<boolean> {
  const { ext } = proven.bundle;
  if (!ext || record.token === undefined) return true;
  try {
    await calls.acknowledge(record.token, {
      request_id: ext.request_id,
      serial: proven.serialHex,
      state: 'installed',
    });
    context.audit('enrollment_acknowledged', { serial: proven.serialHex });
    return true;
  } catch (error) {
    context.logger.warn(
      'The manager could not be told that the certificates are installed; the next start tells it',
      { error },
    );
    return false;
  }
}
