import { type AuthorityStatus, MANAGER_ADMIN_ROUTES, type RotationRequest } from '@linux-patch/contract';
import type { Clock, Logger } from '@linux-patch/runtime';
import type { Kysely } from 'kysely';
import type { AuditLog } from '../audit/audit-log.ts';
import type { Authority } from '../authority/authority.ts';
import type { ManagerTables } from '../database/schema.ts';
import type { FleetClient } from '../fleet-client/client.ts';
import type { Routes } from '../http/routes.ts';
import { createAnnouncer } from './announce.ts';
import { createFollowers } from './followers.ts';
import { recordFoundStage } from './remembered-stage.ts';
import { createRounds } from './rounds.ts';
import { readAuthorityStatus } from './status.ts';
import { createSteps } from './steps.ts';

export interface RotationOptions {
  readonly authority: Authority;
  readonly fleet: FleetClient;
  readonly audit: AuditLog;
  readonly db: Kysely<ManagerTables>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly agentDays: number;
  readonly renewOwn: () => Promise<void>;
}

/** The life of the CAs: renewal of issuing CAs, replacement of the root. */
export interface Rotation {
  status(): Promise<AuthorityStatus>;
  /** @throws PatchError `ROTATION_CONFLICT` */
  step(request: RotationRequest, actor: string): Promise<void>;
  /** Hourly: certifies issuing CAs anew, and announces the end of the root. */
  upkeep(): Promise<void>;
  /** Tells hosts what to trust until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
}

/** Opens the life of the CAs; what a crash left unrecorded is recorded now. */
export async function openRotation(options: RotationOptions): Promise<Rotation> {
  const { authority, audit, db } = options;
  const followers = createFollowers(options);
  const rounds = createRounds({ ...options, followers });
  const announce = createAnnouncer(options);
  await recordFoundStage(audit, db, authority.store.state);
  return {
    status: () => readAuthorityStatus({ ...options, followers }),
    step: createSteps({ ...options, followers, rounds }),
    async upkeep() {
      for (const { id, issuingFacts } of await authority.renewIssuing()) {
        const fields = {
          authority: id,
          serial: issuingFacts.serialHex,
          not_after: new Date(issuingFacts.notAfterMs).toISOString(),
        };
        await audit.record(db, { actor: 'manager', event: 'ca_issuing_renewed', fields });
      }
      await announce();
    },
    run: (signal) => rounds.run(signal),
  };
}

/** What administrators call about the CAs. */
export function serveRotationRoutes(routes: Routes, rotation: Rotation): void {
  routes.serve(MANAGER_ADMIN_ROUTES.authority, () => rotation.status());
  routes.serve(MANAGER_ADMIN_ROUTES.rotateCa, async ({ body, actor }) => {
    await rotation.step(body, actor.name);
    return rotation.status();
  });
}
