import { createAddressWatch } from '../host/own-address.ts';
import { createCurrentIdentity } from '../identity/current.ts';
import { createIdentityEvents } from '../identity/events.ts';
import { createIdentity, type ReadIdentity } from '../identity/identity.ts';
import { createTrustSource } from '../identity/issuers/trust-source.ts';
import { createReEnrolment } from '../identity/re-enrolment.ts';
import { type Renewer, renewIdentity } from '../identity/renewal/renew.ts';
import { Renewals } from '../identity/renewal/renewals.ts';
import { openRenewalTracker } from '../identity/renewal/tracker.ts';
import { openReplacement } from '../identity/replacement.ts';
import { createListSource } from '../identity/revocation/refresh.ts';
import { IdentityService } from '../identity/service.ts';
import { readIdentity } from '../identity/store/read.ts';
import { createIdentityWarnings } from '../identity/warnings.ts';
import type { AgentContext } from './agent-context.ts';
import { pinnedJobKeyOf } from './compose-enrollment.ts';
import { enrolWith } from './enrolling.ts';
import { becomeOnlyRenewer } from './only-instance.ts';

/** What asks the manager for a new certificate; two processes must not renew the same one. */
export function renewerOf(context: Pick<AgentContext, 'settings' | 'place' | 'time' | 'report'>): Renewer {
  const { place, settings, report } = context;
  const { random, signal } = context.time;
  return async ({ managerUrl, identity, movedTo }) => {
    await using _held = await becomeOnlyRenewer(context);
    const way = { managerUrl: new URL(managerUrl), proxyFor: settings.proxyFor, signal };
    return await renewIdentity({ place, random, audit: report.audit, way, identity, movedTo });
  };
}

/**
 * Takes up the identity on disk, which must be there, and everything that keeps it fresh.
 * @param read what was read from there a moment ago
 */
export async function openIdentityService(
  context: Omit<AgentContext, 'program'>,
  read?: ReadIdentity,
): Promise<IdentityService> {
  const { place } = context;
  const { clock, clockWatch, random, signal } = context.time;
  const { logger, audit, notifier } = context.report;
  const { config, paths, proxyFor } = context.settings;
  const current = createCurrentIdentity(read ? createIdentity(read) : await readIdentity(place));
  const events = createIdentityEvents(audit);
  const replacement = await openReplacement({ place, current, logger, audit, signal });
  const { dataFolder } = paths;
  const { enrollment } = config;
  const renewals = new Renewals({
    place,
    current,
    replacement,
    tracker: await openRenewalTracker({ place, current, dataFolder, logger, notifier, events }),
    renew: renewerOf(context),
    address: createAddressWatch({
      clock,
      network: context.host.network,
      reportIp: enrollment.report_ip,
      reportInterface: enrollment.report_interface,
      signal,
    }),
    isClockWrong: () => clockWatch.verdict.state === 'bad',
    report: { logger, audit, events, random },
  });
  const join = (managerUrl: string, onProgress: () => void) =>
    enrolWith(context, { managerUrl, mode: 'service', onProgress });
  const jobKey = pinnedJobKeyOf(context);
  const inspect = createIdentityWarnings({ place, logger, audit });
  return new IdentityService({
    current,
    replacement,
    renewals,
    lists: createListSource({ place, logger, proxyFor }),
    trust: createTrustSource({
      place,
      logger,
      audit,
      proxyFor,
      takeJobKey: (offer, roots) => jobKey.offered({ offer, roots }),
    }),
    rejoining: createReEnrolment({ join, clock, logger, notifier, signal }),
    report: { clock, logger, events, liveness: context.run.liveness, inspect },
    configuredManager: enrollment.manager_url,
  });
}
