import { HOUR_MS } from '@linux-patch/contract';
import { type Sealing, sealOldRecords } from './audit/seal.ts';
import type { Fleet } from './compose-fleet.ts';
import { inTransaction } from './database/transactions.ts';
import type { EnrollmentContext } from './enrollment/context.ts';
import { tidy } from './enrollment/tidy.ts';
import type { Rotation } from './rotation/rotation.ts';

/**
 * Once an hour: issuing CAs and the manager's own certificates are renewed when they are due, how the fleet fares on this day is kept,
 * what is over is forgotten, and old records of the audit log are sealed.
 */
export async function keepInOrder(parts: {
  readonly enrollment: EnrollmentContext;
  readonly rotation: Rotation;
  readonly fleet: Fleet;
  readonly renewOwn: () => Promise<void>;
  readonly sealing: Sealing;
  readonly signal: AbortSignal;
}): Promise<void> {
  const { enrollment, rotation, fleet, renewOwn, sealing, signal } = parts;
  const { clock, logger } = enrollment;
  const forget = (): Promise<void> =>
    inTransaction(enrollment.db, async (db) => {
      await tidy(enrollment, db);
      await enrollment.audit.sumUp(db);
    });
  const attempt = async (work: () => Promise<void>): Promise<void> => {
    if (signal.aborted) return;
    await work().catch((error: unknown) => {
      if (!signal.aborted) logger.error('The hourly upkeep failed; it is tried again in an hour', { error });
    });
  };
  while (!signal.aborted) {
    await attempt(() => rotation.upkeep());
    await attempt(() => fleet.keepDay());
    await clock.sleep(HOUR_MS, signal).catch(() => {});
    await attempt(renewOwn);
    await attempt(forget);
    await attempt(() => sealOldRecords(sealing, signal));
  }
}
