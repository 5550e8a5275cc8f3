import { AGENT_ROUTES, isPatchError, messageOf } from '@linux-patch/contract';
import type { Logger } from '@linux-patch/runtime';
import type { AuditLog } from '../audit/audit-log.ts';
import type { Authority } from '../authority/authority.ts';
import type { Database } from '../database/open.ts';
import type { HostRow } from '../database/schema.ts';
import type { FleetClient } from '../fleet-client/client.ts';
import { addressOf } from '../hosts/store.ts';
import { isOfferUseful } from '../job-key/host-state.ts';
import { HEALTH_OF_ANY_AGENT, type HealthReport } from './health-report.ts';

/** Tells hosts of the job key, together with the CAs that vouch for it. */
export interface JobKeyOffers {
  /**
   * Tells a host that pins another key, or none.
   * @param said its health
   * @returns its health afterwards; the same where nothing was to be told, or it did not take it
   */
  offer(host: HostRow, said: HealthReport, signal: AbortSignal): Promise<HealthReport>;
  /** Whether a host that says this takes changes that are signed with the present key. */
  isPinnedBy(said: HealthReport): boolean;
}

/** As long as the question for its health. */
const TIMEOUT_MS = 10_000;

export function createJobKeyOffers(parts: {
  readonly db: Database;
  readonly authority: Authority;
  readonly fleet: FleetClient;
  readonly audit: AuditLog;
  readonly logger: Logger;
}): JobKeyOffers {
  const { db, authority, fleet, audit, logger } = parts;
  /** Why hosts did not take it, by id, as the log has it: some never can, and each round would say so. */
  const told = new Map<string, string>();
  return {
    isPinnedBy: (said) => said.job_key?.pinned === authority.jobKey.fingerprint,
    async offer(host, said, signal) {
      if (!said.job_key || !isOfferUseful(authority.jobKey, said.job_key)) return said;
      const call = { signal, timeoutMs: TIMEOUT_MS };
      const { id, fqdn } = host;
      try {
        const body = await authority.trustBundle(db);
        await fleet.call(addressOf(host), AGENT_ROUTES.setTrust, { ...call, body });
        told.delete(id);
        const now = await fleet.call(addressOf(host), HEALTH_OF_ANY_AGENT, call);
        const { pinned = null, by = null } = now.job_key ?? {};
        // A host that takes nothing is told again in each round.
        if (pinned === said.job_key.pinned) return now;
        await audit.record(db, {
          actor: 'manager',
          event: 'job_key_offered',
          fields: { host: id, fqdn, pinned, by },
        });
        return now;
      } catch (error) {
        if (signal.aborted) return said;
        if (!isPatchError(error, 'AGENT_UNREACHABLE', 'AGENT_ERROR')) throw error;
        const reason = messageOf(error);
        if (told.get(id) !== reason)
          logger.warn('A host did not take the job key', { host: id, fqdn, reason });
        told.set(id, reason);
        return said;
      }
    },
  };
}
