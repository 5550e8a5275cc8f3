import type { Database } from '../database/open.ts';

/** What a host says of a reboot. */
export interface RebootNeed {
  readonly needed: boolean;
  readonly reasons: readonly string[];
}

const MAX_REASONS = 20;
const MAX_REASON_CHARACTERS = 300;

/** Keeps whether a host needs a reboot; one that does not say so any more is not known to need none. */
export async function keepReboot(
  own: Database,
  hostId: string,
  need: RebootNeed | undefined,
  atMs: number,
): Promise<void> {
  await own.deleteFrom('host_reboots').where('host_id', '=', hostId).execute();
  if (!need) return;
  const reasons = need.reasons.slice(0, MAX_REASONS).map((one) => one.slice(0, MAX_REASON_CHARACTERS));
  await own
    .insertInto('host_reboots')
    .values({ host_id: hostId, needed: Number(need.needed), reasons: JSON.stringify(reasons), at: atMs })
    .execute();
}
