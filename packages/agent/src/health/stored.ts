import { type AuditTrail, newestOf, textOf } from '../audit/trail.ts';
import type { Identity } from '../identity/identity.ts';
import { renewableOf } from '../identity/renewal/policy.ts';
import { beginRenewal } from '../identity/renewal/progress.ts';
import { readRenewalRecord } from '../identity/renewal/record.ts';
import { type RenewalState, renewalState } from '../identity/renewal/state.ts';
import { ownRevocation, stateInForce } from '../identity/revocation/in-force.ts';
import type { IdentityState } from '../identity/service.ts';
import type { IdentityPlace } from '../identity/store/read.ts';

/** What is known on this host without the running agent. */
export interface StoredSources {
  readonly place: IdentityPlace;
  readonly dataFolder: string;
  readonly trail: AuditTrail;
  /** Without it nobody renews. */
  readonly managerUrl: string | undefined;
}

/** How the identity on disk fares, by what lies beside it: what the running agent would say, but for what it alone knows. */
export async function storedIdentityState(
  identity: Identity,
  sources: StoredSources,
): Promise<IdentityState> {
  return {
    identity,
    refused: undefined,
    list: stateInForce(identity.list, sources.place.clock.now()),
    revokedFor: ownRevocation(identity),
    renewal: await storedRenewal(identity, sources),
    loopAgeMs: undefined,
  };
}

async function storedRenewal(identity: Identity, sources: StoredSources): Promise<RenewalState | undefined> {
  const { place, dataFolder, managerUrl, trail } = sources;
  const now = place.clock.now();
  const certificate = renewableOf(identity, place.thresholdDays);
  if (!certificate || managerUrl === undefined) return undefined;
  const noted = await readRenewalRecord(place.files, dataFolder);
  const record = noted?.serial === certificate.serialHex ? noted : undefined;
  const progress = beginRenewal(certificate, now, record);
  const failed = progress.lastError === undefined ? lastFailure(trail) : {};
  return {
    ...renewalState({ ...progress, ...failed }, now, managerUrl),
    // The agent that planned it knows what it waits for besides.
    nextAttemptMs: record && Date.parse(record.next_attempt_at),
  };
}

/** The newest failure by the audit log, for an agent that could not note it or did not serve yet. */
function lastFailure(trail: AuditTrail) {
  const newest = newestOf(trail, ['identity_renewal_failed', 'identity_renewed', 'identity_installed']);
  if (newest?.event !== 'identity_renewal_failed') return {};
  const lastError = textOf(newest, 'reason') ?? 'no reason was given';
  return { failures: 1, lastError, lastAttemptMs: Date.parse(newest.timestamp) };
}
