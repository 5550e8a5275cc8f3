import type { Database } from '../database/open.ts';
import { readStored } from '../database/stored-json.ts';
import { HealthReport } from '../fleet-watch/health-report.ts';

/** The instance of a host's agent that answered last; undefined before it was asked, and for agents that have none. */
export async function lastInstance(db: Database, hostId: string): Promise<string | undefined> {
  const row = await db
    .selectFrom('host_reports')
    .select('health')
    .where('host_id', '=', hostId)
    .executeTakeFirst();
  return row && readStored(HealthReport, row.health, {}).instance_id;
}
