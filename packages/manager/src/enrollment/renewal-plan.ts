import type { RenewWindow } from '@linux-patch/contract';
import { type CertificateFacts, chooseRenewalWindow, renewalHour, renewalWindowFrom } from '@linux-patch/pki';
import type { Clock, Random } from '@linux-patch/runtime';
import type { Database } from '../database/open.ts';

/** A window for a certificate, as it is recorded and as its agent is told. */
interface Planned {
  readonly renewAtMs: number | null;
  /** To be spread into the answer; empty where nothing is planned. */
  readonly told: { readonly renew_window?: RenewWindow };
}

/** Spreads the renewals of the fleet over the hours, so that none has many more than another. */
export interface RenewalPlan {
  plan(db: Database, certificate: Pick<CertificateFacts, 'notBeforeMs' | 'notAfterMs'>): Promise<Planned>;
  /** What the agent of a certificate was told when it was planned. */
  tellAgain(renewAtMs: number | null): Planned['told'];
}

/**
 * The plan is a count per hour, read from the recorded certificates once and kept. It need not be exact: a certificate
 * that was replaced early still counts, and two managers on one database plan apart.
 */
export function createRenewalPlan(doors: { readonly clock: Clock; readonly random: Random }): RenewalPlan {
  let counts: Promise<Map<number, number>> | undefined;
  const read = async (db: Database): Promise<Map<number, number>> => {
    const rows = await db
      .selectFrom('certificates')
      .select('renew_at')
      .where('renew_at', '>=', doors.clock.now())
      .where('revoked_at', 'is', null)
      .execute();
    const perHour = new Map<number, number>();
    for (const { renew_at: at } of rows) add(perHour, renewalHour(at ?? 0));
    return perHour;
  };
  return {
    async plan(db, certificate) {
      counts ??= read(db).catch((error: unknown) => {
        counts = undefined;
        throw error;
      });
      const perHour = await counts;
      const window = chooseRenewalWindow(
        certificate,
        (hour) => perHour.get(hour) ?? 0,
        doors.random.fraction(),
      );
      if (!window) return { renewAtMs: null, told: {} };
      add(perHour, renewalHour(window.startMs));
      return { renewAtMs: window.startMs, told: tell(window) };
    },
    tellAgain: (renewAtMs) => (renewAtMs === null ? {} : tell(renewalWindowFrom(renewAtMs))),
  };
}

function tell({ startMs, endMs }: ReturnType<typeof renewalWindowFrom>): Planned['told'] {
  const iso = (epochMs: number): string => new Date(epochMs).toISOString();
  return { renew_window: { start: iso(startMs), end: iso(endMs) } };
}

function add(perHour: Map<number, number>, hour: number): void {
  perHour.set(hour, (perHour.get(hour) ?? 0) + 1);
}
