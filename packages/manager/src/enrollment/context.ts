import type { Clock, Logger, Random } from '@linux-patch/runtime';
import type { Kysely } from 'kysely';
import type { AuditLog } from '../audit/audit-log.ts';
import type { Authority } from '../authority/authority.ts';
import type { OlderAgentRule } from '../config/older-agent-rule.ts';
import type { ManagerTables } from '../database/schema.ts';
import type { RenewalPlan } from './renewal-plan.ts';
import type { Waiting } from './waiting.ts';

/** What every part of enrolment works with. */
export interface EnrollmentContext {
  readonly db: Kysely<ManagerTables>;
  readonly authority: Authority;
  readonly audit: AuditLog;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly waiting: Waiting;
  readonly renewalPlan: RenewalPlan;
  readonly settings: {
    readonly olderAgents: OlderAgentRule;
    readonly requestHours: number;
    readonly maxPending: number;
    /** URL that agents are told. */
    readonly managerUrl: string;
    /** Whether a URL is one of ours with this path; proofs are addressed to such a one. */
    readonly isOwnUrl: (url: string, path: string) => boolean;
    /** How long after its expiry a certificate still proves its host to a renewal; 0 is not at all. */
    readonly renewExpiredDays: number;
  };
}
