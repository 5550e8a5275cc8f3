import { parseCertificates } from '@linux-patch/pki';
import { readIdentityMeta } from '../identity/store/identity-meta.ts';
import { readMaterial } from '../identity/store/material.ts';
import type { EnrollContext } from './settings.ts';
import { type PendingEnrollment, readPending, removePending } from './state/pending.ts';
import { openManagerCalls } from './steps/manager-calls.ts';
import { allowManager } from './steps/provision.ts';

/**
 * Ends an enrolment whose certificates are installed already: after a crash between installing and tidying, or when the
 * manager could not be told. Whatever cannot be done is reported; an enrolment that was never finished is forgotten,
 * because the host has an identity.
 */
export async function settleEnrollment(context: EnrollContext): Promise<void> {
  const pending = await readPending(context.files, context);
  if (pending && (await isInstalled(context, pending))) {
    await orWarn(context, "The manager's addresses could not be learned", () => allowManager(context));
    await orWarn(context, 'The manager could not be told that the certificates are installed', () =>
      acknowledgeInstalled(context, pending),
    );
  }
  await forgetEnrollment(context);
}

/** Removes token, state and pending key. */
export async function forgetEnrollment(
  context: Pick<EnrollContext, 'files' | 'stateFile' | 'keyFile' | 'configuredToken' | 'logger'>,
): Promise<void> {
  await orWarn(context, 'What is left of the enrolment could not be removed', async () => {
    await context.configuredToken.markUsed();
    await removePending(context.files, context);
  });
}

async function isInstalled(context: EnrollContext, pending: PendingEnrollment): Promise<boolean> {
  const meta = await readIdentityMeta(context.files, context.certificates);
  return (
    meta.manager_url === pending.manager_url &&
    pending.manager_url === context.managerUrl.href &&
    meta.installed_at !== null &&
    Date.parse(meta.installed_at) >= Date.parse(pending.created_at)
  );
}

/** Says again what could not be said, over a connection that the installed CA proves. */
async function acknowledgeInstalled(context: EnrollContext, pending: PendingEnrollment): Promise<void> {
  const { caPem, certificatePem } = await readMaterial(context.files, context.certificates);
  const [leaf] = parseCertificates(certificatePem);
  const keyPem = await context.files.readText(context.keyFile);
  if (leaf?.spkiSha256 !== pending.spki_sha256 || keyPem === undefined) return;
  const token = pending.polling_token ?? (await context.configuredToken.unused());
  if (pending.request_id === null || token === undefined) return;
  const anchors = parseCertificates(caPem).map((one) => one.pem);
  const calls = openManagerCalls(
    context,
    { kind: 'ca_file', peer: { kind: 'verified', ca: anchors }, anchors },
    () => ({ pending, keyPem }),
  );
  await calls.acknowledge(token, {
    request_id: pending.request_id,
    serial: leaf.serialHex,
    state: 'installed',
  });
  context.audit('enrollment_acknowledged', { serial: leaf.serialHex });
}

async function orWarn(
  context: Pick<EnrollContext, 'logger'>,
  message: string,
  work: () => Promise<unknown>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    context.logger.warn(message, { error });
  }
}
