import { publicKeySpki, spkiSha256 } from '@linux-patch/pki';
import type { Files } from '@linux-patch/runtime';
import { type AuditTrail, newestOf, textOf } from '../../audit/trail.ts';
import { openConfiguredToken } from '../../enrollment/older/configured-token.ts';
import { type PendingEnrollment, type PendingPlaces, removePending } from '../../enrollment/state/pending.ts';
import { verdictWords } from '../../enrollment/trust/join-verdict.ts';
import { createIdentity, isUsable } from '../../identity/identity.ts';
import { ownRevocation } from '../../identity/revocation/in-force.ts';
import type { Finding } from '../finding.ts';
import type { DoctorHost, DoctorPlace } from './host.ts';
import { ownerAndMode } from './owner-and-mode.ts';

/** What is used of the place and of what is known of the host. */
type At = Pick<DoctorPlace, 'files' | 'paths' | 'uid'>;
type Known = Pick<DoctorHost, 'config' | 'inspection' | 'enrollment' | 'trail'>;

/** The events that tell how an enrolment fares. */
const EVENTS = [
  'enrollment_requested',
  'enrollment_resumed',
  'enrollment_denied',
  'enrollment_conflict',
  'enrollment_request_lost',
  'enrollment_bundle_refused',
  'identity_installed',
] as const;

function refusedToken({ join_token: token }: PendingEnrollment): string {
  if (token === null || token.verdict === null || token.verdict === 'accepted') return '';
  return ` The join token ${token.id} did not let it in: ${verdictWords(token.verdict)}.`;
}

/** What the saved state and the newest record mean while there is no identity. */
export function enrollmentFinding(
  pending: PendingEnrollment | undefined,
  trail: AuditTrail,
): Finding | undefined {
  const newest = newestOf(trail, EVENTS);
  const reason = textOf(newest, 'reason') ?? pending?.last_error ?? 'no reason was given';
  if (!pending) {
    if (newest?.event !== 'enrollment_denied') return undefined;
    return { code: 'ENROLLMENT_DENIED', detail: `${newest.timestamp}: ${reason}` };
  }
  const words = { host: pending.fqdn };
  const asked = `Asked ${pending.manager_url} as ${pending.fqdn} (${pending.ip_address}), key id ${pending.key_id}.`;
  switch (newest?.event ?? 'none') {
    case 'enrollment_conflict':
      return { code: 'ENROLLMENT_CONFLICT', detail: `${asked} ${reason}`, words };
    case 'enrollment_bundle_refused':
      return { code: 'ENROLLMENT_APPROVAL_REFUSED', detail: `${asked} ${reason}`, words };
    case 'enrollment_request_lost':
      return { code: 'ENROLLMENT_REQUEST_LOST', detail: asked, words };
    default:
      break;
  }
  switch (pending.state) {
    case 'needs_person':
      return { code: 'ENROLLMENT_NEEDS_PERSON', detail: `${asked} ${reason}`, words };
    case 'waiting':
      return {
        code: 'ENROLLMENT_WAITING',
        detail: `${asked} Waiting since ${pending.created_at}.${refusedToken(pending)}`,
        words,
      };
    case 'starting':
    case 'registering':
    case 'installing':
    case 'retrying':
      return { code: 'ENROLLMENT_RETRYING', detail: `${asked} ${reason}`, words };
  }
}

/** The request of this host, and whether it can be taken up again. */
export async function checkEnrollment(at: At, host: Known): Promise<Finding[]> {
  const { pending, places } = host.enrollment;
  const broken = await checkSavedState(at, host);
  const open = await checkModes(at, places);
  // A host that was revoked asks anew while its identity lies there still.
  const { set, status } = host.inspection;
  const asksAnew = pending !== undefined && set && ownRevocation(createIdentity(set)) !== undefined;
  if (broken.length > 0 || (isUsable(status) && !asksAnew)) return [...broken, ...open];
  const finding = enrollmentFinding(pending, host.trail);
  return [...open, ...(finding ? [finding] : [])];
}

async function checkSavedState({ files, paths }: At, host: Known): Promise<Finding[]> {
  const { config, inspection, enrollment } = host;
  const { places, pending } = enrollment;
  const token = config.enrollment.polling_token;
  const repair = async (): Promise<void> => {
    await openConfiguredToken({ files, dataFolder: paths.dataFolder, token }).markUsed();
    await removePending(files, places);
  };
  const state = await files.facts(places.stateFile).catch(() => undefined);
  if (state === undefined) return [];
  if (!pending) {
    return [{ code: 'PENDING_STATE_CORRUPT', detail: `${places.stateFile} holds no enrolment.`, repair }];
  }
  if ((await keyHash(files, places)) === pending.spki_sha256 || isUsable(inspection.status)) return [];
  const detail = `${places.keyFile} is not the key of the request ${pending.key_id}.`;
  return [{ code: 'PENDING_KEY_WRONG', detail, repair }];
}

async function keyHash(files: Files, { keyFile }: PendingPlaces): Promise<string | undefined> {
  try {
    const pem = await files.readText(keyFile);
    return pem === undefined ? undefined : spkiSha256(publicKeySpki(pem));
  } catch {
    return undefined;
  }
}

async function checkModes(at: At, { stateFile, keyFile }: PendingPlaces): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const path of [stateFile, keyFile]) {
    const facts = await at.files.facts(path).catch(() => undefined);
    if (facts?.kind !== 'file') continue;
    findings.push(
      ...ownerAndMode(at, { path, facts }, { forbidden: 0o077, open: 'PENDING_SECRET_READABLE' }),
    );
  }
  return findings;
}
