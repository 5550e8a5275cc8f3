import { DAY_MS, HOUR_MS, type Session } from '@linux-patch/contract';
import type { SessionRow } from '../database/schema.ts';

const IDLE_MS = 12 * HOUR_MS;
const LONGEST_MS = 7 * DAY_MS;

/** When a session ends by itself, epoch milliseconds, if it is not used any more. */
export function sessionEndMs({ created_at, seen_at }: Pick<SessionRow, 'created_at' | 'seen_at'>): number {
  return Math.min(seen_at + IDLE_MS, created_at + LONGEST_MS);
}

/** Whether a session counts now. */
export function isActive(
  row: Pick<SessionRow, 'created_at' | 'seen_at' | 'signed_out_at'>,
  nowMs: number,
): boolean {
  return row.signed_out_at === null && nowMs < sessionEndMs(row);
}

/** A session as its person and administrators see it. */
export function toSessionView(row: SessionRow, currentId: string | undefined): Session {
  return {
    id: row.id,
    created_at: new Date(row.created_at).toISOString(),
    seen_at: new Date(row.seen_at).toISOString(),
    ends_at: new Date(sessionEndMs(row)).toISOString(),
    address: row.address,
    client: row.client,
    current: row.id === currentId,
  };
}
