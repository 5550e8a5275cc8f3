import { ENROLL_PATHS, HOUR_MS, type JobKeyOffer, messageOf, TrustBundle } from '@linux-patch/contract';
import { parseCertificates, spkiFingerprint } from '@linux-patch/pki';
import type { Logger } from '@linux-patch/runtime';
import type { AuditLog } from '../../audit/audit-log.ts';
import type { ProxyChoice } from '../../host/proxy.ts';
import { jsonOf } from '../../manager-link/answer-body.ts';
import { verifiedBy } from '../../manager-link/connection.ts';
import { ManagerFailure } from '../../manager-link/failure.ts';
import { type ManagerWay, openManagerLink } from '../../manager-link/link.ts';
import type { Identity } from '../identity.ts';
import { type IdentityPlace, readIdentity } from '../store/read.ts';
import { installGeneration } from '../store/store.ts';
import { planTrustChange } from './trust-change.ts';

/** How often a host asks by itself; the manager tells it at once when it can reach it. */
const PULL_INTERVAL_MS = 6 * HOUR_MS;

/** Where the CAs that this host trusts come from, and where they are kept. */
export interface TrustSource {
  /**
   * Makes offered CAs those of this host, as a new generation.
   *
   * @returns whether anything changed.
   * @throws PatchError `TRUST_REFUSED`, `PROVISION_FAILED`
   */
  change(bundle: TrustBundle, by: 'manager' | 'pull'): Promise<boolean>;
  /** Asks the manager now and then; a manager that cannot be asked is asked again at the next look. */
  pull(identity: Identity, managerUrl: string, signal: AbortSignal): Promise<TrustBundle | undefined>;
}

interface TrustSourceOptions {
  readonly place: IdentityPlace;
  readonly logger: Logger;
  readonly audit: AuditLog;
  readonly proxyFor: ProxyChoice;
  /** Takes the manager's job key. @param roots CAs that may vouch for it, PEM */
  readonly takeJobKey: (offer: JobKeyOffer, roots: string) => Promise<void>;
}

export function createTrustSource(options: TrustSourceOptions): TrustSource {
  return { change: (bundle, by) => changeTrust(options, bundle, by), pull: createTrustPull(options) };
}

async function changeTrust(
  options: TrustSourceOptions,
  bundle: TrustBundle,
  by: 'manager' | 'pull',
): Promise<boolean> {
  const changed = await changeIssuers(options, bundle, by);
  if (bundle.job_key) {
    const { material } = await readIdentity(options.place);
    await options.takeJobKey(bundle.job_key, material.caPem);
  }
  return changed;
}

async function changeIssuers(
  { place, audit, logger }: TrustSourceOptions,
  bundle: TrustBundle,
  by: 'manager' | 'pull',
): Promise<boolean> {
  const { files, paths, clock } = place;
  const { material, meta } = await readIdentity(place);
  try {
    const plan = planTrustChange({ bundle, material, meta, now: clock.now() });
    if (plan.kind !== 'change') return false;
    await installGeneration({ files, paths, material: plan.material, meta: plan.meta });
    const roots = parseCertificates(plan.material.caPem).map((one) => spkiFingerprint(one.pem));
    audit.record('trust_changed', { roots, added: plan.added, removed: plan.removed, by });
    logger.info('The CAs this host trusts changed', { roots: roots.join(', ') });
    return true;
  } catch (error) {
    audit.record('trust_refused', { reason: messageOf(error), by });
    logger.warn('Offered CAs were not taken', { error });
    throw error;
  }
}

/**
 * Asks the manager which CAs to trust, verified with those that are trusted now. A host that slept through a rotation
 * learns of it here.
 *
 * @returns undefined from a manager that does not say.
 * @throws ManagerFailure when it cannot be asked, or is not the one this host trusts.
 */
async function pullTrust(way: ManagerWay, caPem: string): Promise<TrustBundle | undefined> {
  const link = openManagerLink(way, verifiedBy(caPem));
  const url = link.at(ENROLL_PATHS.trust);
  const answer = await link.get(ENROLL_PATHS.trust);
  if (answer.status === 404 || answer.status === 405) return undefined;
  if (answer.status !== 200) {
    throw new ManagerFailure('transient', `${url.href} does not say whom to trust (HTTP ${answer.status}).`);
  }
  const bundle = TrustBundle.safeParse(jsonOf(answer, url.href));
  if (bundle.success) return bundle.data;
  throw new ManagerFailure('protocol', `${url.href} sends JSON that does not say whom to trust.`);
}

function createTrustPull({ place, logger, audit, proxyFor }: TrustSourceOptions): TrustSource['pull'] {
  const { clock } = place;
  const noteStranger = createStrangerWatch(logger, audit);
  let pulledMs = Number.NEGATIVE_INFINITY;
  return async ({ material, meta }, managerUrl, signal) => {
    // Whoever copied certificates by hand decides by hand.
    if (meta.manager_client === null || clock.monotonicMs() - pulledMs < PULL_INTERVAL_MS) return undefined;
    try {
      const way = { managerUrl: new URL(managerUrl), proxyFor, signal };
      const bundle = await pullTrust(way, material.caPem);
      pulledMs = clock.monotonicMs();
      noteStranger(undefined);
      return bundle;
    } catch (error) {
      if (signal.aborted) return undefined;
      if (error instanceof ManagerFailure && error.kind === 'security') noteStranger(error);
      else logger.debug('The manager could not be asked whom to trust', { error });
      return undefined;
    }
  };
}

/** Says once that somebody else answers where the manager was; undefined is that it was the manager. */
function createStrangerWatch(logger: Logger, audit: AuditLog): (failure: ManagerFailure | undefined) => void {
  let said: string | undefined;
  return (failure) => {
    if (failure !== undefined && failure.message !== said) {
      audit.record('trust_refused', { reason: failure.message, by: 'pull' });
      logger.error(
        'Who answers is not the manager that this host trusts; its identity stays as it is, and nothing is taken from there. ' +
          'If the manager was replaced, run "linux-patch-api leave --force" and start the agent again',
        { error: failure },
      );
    }
    said = failure?.message;
  };
}
