import { stretchHostCode } from '@linux-patch/pki';
import type { Identity } from '../identity/identity.ts';
import { unlessClosed } from '../identity/store/paths.ts';
import { findIdentity, type IdentityPlace } from '../identity/store/read.ts';
import type { ConfiguredToken } from './older/configured-token.ts';
import type { EnrollmentReport } from './settings.ts';
import {
  type PendingEnrollment,
  type PendingJobKey,
  type PendingPlaces,
  readPending,
  removePending,
} from './state/pending.ts';
import { type CallOptions, openManagerCalls } from './steps/manager-calls.ts';

/** Where an enrolment may have left something. */
export interface LeftoverOptions {
  readonly place: IdentityPlace;
  readonly places: PendingPlaces;
  readonly configuredToken: ConfiguredToken;
  readonly report: Pick<EnrollmentReport, 'logger' | 'audit'>;
  /** How the manager of the enrolment is asked. */
  readonly calls: (managerUrl: string) => CallOptions;
  readonly allowManager: (managerUrl: string) => Promise<void>;
  readonly takeJobKey: (jobKey: PendingJobKey) => Promise<void>;
}

/** Whether an enrolment left anything; most starts find nothing. */
export async function isLeftover({
  place,
  places,
  configuredToken,
}: Pick<LeftoverOptions, 'place' | 'places' | 'configuredToken'>): Promise<boolean> {
  const { files } = place;
  // The state goes before the key, and a crash may come in between.
  const found =
    (await files.facts(places.stateFile)) ??
    (await unlessClosed(files.facts(places.keyFile))) ??
    (await configuredToken.unused());
  return found !== undefined;
}

/**
 * Ends an enrolment whose certificates are installed already: after a crash between installing and tidying, or when the
 * manager could not be told. Whatever cannot be done is reported; an enrolment that was never finished is forgotten,
 * because the host has an identity.
 */
export async function finishInterruptedEnrollment(options: LeftoverOptions): Promise<void> {
  const { places, configuredToken, report } = options;
  const { files } = options.place;
  const orWarn = async (message: string, work: () => Promise<unknown>): Promise<void> => {
    await work().catch((error: unknown) => report.logger.warn(message, { error }));
  };
  if (!(await isLeftover(options))) return;
  const pending = await readPending(files, places);
  const identity = pending && (await findIdentity(options.place));
  if (pending && identity && isInstalled(identity, pending)) {
    // Kept for the next start where it fails: the manager's changes are refused until its key counts.
    if (!(await tookJobKey(options, pending))) return;
    await orWarn("The manager's addresses could not be learned", () =>
      options.allowManager(pending.manager_url),
    );
    await orWarn('The manager could not be told that the certificates are installed', () =>
      acknowledgeInstalled(options, pending, identity),
    );
  }
  await orWarn('What is left of the enrolment could not be removed', async () => {
    await configuredToken.markUsed();
    await removePending(files, places);
  });
}

async function tookJobKey(
  { takeJobKey, report }: LeftoverOptions,
  { job_key: jobKey }: PendingEnrollment,
): Promise<boolean> {
  try {
    if (jobKey) await takeJobKey(jobKey);
    return true;
  } catch (error) {
    const message =
      'The job key that came with the certificates could not be pinned, so what this manager asks for may be refused; the next start tries again';
    report.logger.error(message, { error });
    return false;
  }
}

function isInstalled({ meta }: Identity, pending: PendingEnrollment): boolean {
  return (
    meta.manager_url === pending.manager_url &&
    meta.installed_at !== null &&
    Date.parse(meta.installed_at) >= Date.parse(pending.created_at)
  );
}

/** Says again what could not be said, over a connection that the installed CA proves. */
async function acknowledgeInstalled(
  options: LeftoverOptions,
  pending: PendingEnrollment,
  { leaf, issuers }: Identity,
): Promise<void> {
  const { place, places, configuredToken, report } = options;
  const keyPem = await place.files.readText(places.keyFile);
  if (leaf?.spkiSha256 !== pending.spki_sha256 || keyPem === undefined) return;
  const token = pending.polling_token ?? (await configuredToken.unused());
  if (pending.request_id === null || token === undefined) return;
  const anchors = issuers.map((one) => one.pem);
  const calls = openManagerCalls(
    options.calls(pending.manager_url),
    { kind: 'ca_file', peer: { kind: 'verified', ca: anchors }, anchors },
    () => ({ pending, keyPem, codeKey: () => stretchHostCode(pending.host_code, pending.nonce_a) }),
  );
  await calls.acknowledge(token, {
    request_id: pending.request_id,
    serial: leaf.serialHex,
    state: 'installed',
  });
  report.audit.record('enrollment_acknowledged', { serial: leaf.serialHex });
}
