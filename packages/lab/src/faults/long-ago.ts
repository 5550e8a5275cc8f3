import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { movableClock } from '../fake-time.ts';
import { askUntil } from '../wait.ts';
import type { FaultWorld } from './world.ts';

const DAY_MS = 86_400_000;
/** So many days before it expires a certificate of a year is renewed, and not on a day that is drawn. */
const THRESHOLD_DAYS = 180;
/**
 * The renewal is due before now, so that the new certificate is valid for this process too, and after the release of the
 * program, because no host believes a clock that shows less.
 */
const DUE_BEFORE_NOW_MS = 6 * 3_600_000;
const ENROLLED_BEFORE_NOW_MS = (365 - THRESHOLD_DAYS) * DAY_MS + DUE_BEFORE_NOW_MS;

/** A host that was enrolled long ago, and the calendar that it shares with its manager. */
export interface LongAgo {
  /** Moves the calendar of both to an instant. */
  moveTo(epochMs: number): Promise<void>;
  /** Environment of programs that live by this calendar. */
  readonly env: Readonly<Record<string, string>>;
  /** When the certificate in use is to be renewed. Epoch milliseconds. */
  dueMs(): Promise<number>;
}

/** Enrols a host that serves, with a manager of its own, by a calendar that can be moved while they run. */
export async function servingSinceLongAgo(world: FaultWorld): Promise<LongAgo> {
  const file = join(world.folder, 'time');
  const moveTo = (epochMs: number): Promise<void> =>
    writeFile(file, `${Math.round((epochMs - Date.now()) / 1000)}\n`);
  await mkdir(world.folder, { recursive: true });
  await moveTo(Date.now() - ENROLLED_BEFORE_NOW_MS);
  const env = movableClock(file);
  await world.ownManager({ env });
  await world.newHost([`cert_renewal_threshold_days: ${THRESHOLD_DAYS}`]);
  const agent = world.start({ env });
  await world.approve();
  await agent.listening;
  return {
    env,
    moveTo,
    dueMs: async () => Date.parse((await world.host.status()).renewal?.due_at ?? ''),
  };
}

/** Lets the time of the renewal come; the agent has tried when this resolves. */
export async function letRenewalFail(world: FaultWorld, time: LongAgo): Promise<void> {
  await time.moveTo((await time.dueMs()) + 60_000);
  await askUntil('a renewal that fails', async () => {
    const { renewal } = await world.host.status();
    return renewal?.last_error ?? undefined;
  });
}
