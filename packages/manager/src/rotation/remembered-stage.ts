import type { Kysely } from 'kysely';
import type { AuditLog } from '../audit/audit-log.ts';
import type { CaState } from '../authority/ca-state.ts';
import type { Database } from '../database/open.ts';
import type { ManagerTables } from '../database/schema.ts';
import { stageOf } from './progress.ts';

const SETTING = 'ca_stage';

async function remembered(db: Database): Promise<string | undefined> {
  const row = await db.selectFrom('settings').select('value').where('name', '=', SETTING).executeTakeFirst();
  return row?.value;
}

/** Keeps in the database which phase was recorded last. */
export async function rememberStage(db: Database, state: CaState): Promise<void> {
  const value = stageOf(state);
  await db
    .insertInto('settings')
    .values({ name: SETTING, value })
    .onConflict((conflict) => conflict.column('name').doUpdateSet({ value }))
    .execute();
}

/**
 * The phase on disk counts; where the record does not know it, as after a crash between the two or after one of them was
 * restored from a backup, that is recorded now.
 */
export async function recordFoundStage(
  audit: AuditLog,
  db: Kysely<ManagerTables>,
  state: CaState,
): Promise<void> {
  const before = (await remembered(db)) ?? 'standby';
  if (before === stageOf(state)) return;
  await db.transaction().execute(async (own) => {
    const fields = { phase: state.phase, from: before };
    await audit.record(own, { actor: 'manager', event: 'ca_rotation_found', fields });
    await rememberStage(own, state);
  });
}
