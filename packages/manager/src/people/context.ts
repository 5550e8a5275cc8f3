import type { Clock, Logger, Random } from '@linux-patch/runtime';
import type { Kysely } from 'kysely';
import type { AuditLog } from '../audit/audit-log.ts';
import type { ManagerTables } from '../database/schema.ts';
import type { PasswordWork } from './password-work.ts';
import type { SessionCuts } from './session-cuts.ts';
import type { Throttle } from './throttle.ts';

/** What people and their sessions are kept with. */
export interface PeopleContext {
  readonly db: Kysely<ManagerTables>;
  readonly audit: AuditLog;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly passwords: PasswordWork;
  readonly cuts: SessionCuts;
  readonly throttle: Throttle;
}
