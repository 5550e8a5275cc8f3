import { type Bundle, isPatchError, messageOf } from '@linux-patch/contract';
import { isLocalFault } from '../../host/local-fault.ts';
import type { PendingJobKey } from '../state/pending.ts';
import type { NextStep, StepParts, WaitStep } from './next-step.ts';
import type { ProvenBundle } from './prove-bundle.ts';
import type { Provisioner } from './provisioner.ts';

/** What is left to do with a proven bundle; each part is done once, however often a disk fails. */
export interface Finishing {
  readonly proven: ProvenBundle;
  readonly jobKey: PendingJobKey;
  allowed: boolean;
  installed: boolean;
}

/** Checks an approval. A refused one is reported, and the manager is asked again later. */
export async function proveStep(
  parts: StepParts,
  provisioner: Provisioner,
  approval: { readonly bundle: Bundle; readonly pin: string | undefined },
): Promise<Finishing | WaitStep> {
  const { time, report, record, trust, calls, counts } = parts;
  try {
    const claim = {
      request: record,
      keyPem: record.keyPem,
      trust,
      peers: calls.peers(),
      pin: approval.pin,
    };
    const proven = await provisioner.prove(approval.bundle, claim);
    report.audit.record('enrollment_approved', {
      key_id: record.pending.key_id,
      serial: proven.serialHex,
      trust: proven.trust,
      manager: record.pending.manager_url,
    });
    const jobKey = provisioner.jobKeyOf(proven);
    await record.note({ state: 'installing', installing_serial: proven.serialHex, job_key: jobKey });
    return { proven, jobKey, allowed: false, installed: false };
  } catch (error) {
    // Whatever an outsider's bytes make go wrong is a refusal, never the end of the agent.
    const code = isPatchError(error) ? error.code : 'INTERNAL_ERROR';
    const { state, message } = time.clockWatch.verdict;
    const reason = state === 'bad' ? `${messageOf(error)} ${message}` : messageOf(error);
    report.audit.record('enrollment_bundle_refused', { error_code: code, reason });
    return {
      kind: 'wait',
      reason: { kind: 'security', failures: counts.count('refused_bundle') },
      error: reason,
      state: 'needs_person',
    };
  }
}

/**
 * Lets the manager in, installs, takes the job key, tells the manager, tidies. The address filter comes first: a crash in
 * between then leaves an enrolment that is resumed, never an agent that its manager cannot reach. The job key comes after
 * the certificates: until they are there, the manager before is the one whose changes count.
 */
export async function installStep(
  parts: StepParts,
  provisioner: Provisioner,
  finishing: Finishing,
): Promise<NextStep> {
  const { mode, record, counts } = parts;
  const { proven } = finishing;
  finishing.allowed ||= await tryToAllow(parts, provisioner, 'warn');
  try {
    // Who starts after a crash finds there which job key belongs to the certificates; a manager without one is joined as the disk is.
    if (finishing.jobKey.offer !== null) await record.save();
    if (!finishing.installed) {
      await provisioner.pinJobKey(finishing.jobKey, false);
      await install(parts, provisioner, proven);
    }
    finishing.installed = true;
    await provisioner.pinJobKey(finishing.jobKey, true);
  } catch (error) {
    if (!isLocalFault(error)) throw error;
    const message = messageOf(error);
    if (mode === 'once') return { kind: 'end', outcome: { kind: 'failed', message } };
    // The manager keeps the bundle until it is acknowledged, and so does this process: a full disk heals.
    return {
      kind: 'wait',
      reason: { kind: 'transient', failures: counts.count('local') },
      error: message,
      state: 'installing',
    };
  }
  finishing.allowed ||= await tryToAllow(parts, provisioner, 'error');
  if (await acknowledge(parts, proven)) await record.forget();
  return { kind: 'end', outcome: { kind: 'installed' } };
}

async function install(
  { report, record }: StepParts,
  provisioner: Provisioner,
  proven: ProvenBundle,
): Promise<void> {
  const meta = await provisioner.install(proven, record.pending.generation === 'older');
  report.audit.record('identity_installed', {
    serial: proven.serialHex,
    trust: meta.trust,
    issuer: proven.issuer,
    key_origin: meta.key_origin,
    manager: meta.manager_url,
  });
}

async function tryToAllow(
  { report }: StepParts,
  provisioner: Provisioner,
  level: 'warn' | 'error',
): Promise<boolean> {
  try {
    await provisioner.allowManager();
    return true;
  } catch (error) {
    report.logger[level](
      "The manager's addresses could not be learned; unless they are on the allow list, the manager cannot reach this agent",
      { error },
    );
    return false;
  }
}

/** Tells the manager; when that fails the state is kept, and the next start says it again. */
async function acknowledge({ report, record, calls }: StepParts, proven: ProvenBundle): Promise<boolean> {
  const { ext } = proven.bundle;
  if (!ext || record.token === undefined) return true;
  try {
    await calls.acknowledge(record.token, {
      request_id: ext.request_id,
      serial: proven.serialHex,
      state: 'installed',
    });
    report.audit.record('enrollment_acknowledged', { serial: proven.serialHex });
    return true;
  } catch (error) {
    report.logger.warn(
      'The manager could not be told that the certificates are installed; the next start tells it',
      { error },
    );
    return false;
  }
}
