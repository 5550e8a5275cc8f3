import type { Database } from '../database/open.ts';
import { readStored } from '../database/stored-json.ts';
import { HealthReport } from '../fleet-watch/health-report.ts';

/**
 * The instance of a host's agent that answered last; undefined before it was asked. Agents of earlier versions have none.
 */
export async function lastInstance(
  db: Database,
  hostId: string,
): Promise<{ readonly instanceId: string | undefined } | undefined> {
  const row = await db
    .selectFrom('host_reports')
    .select('health')
    .where('host_id', '=', hostId)
    .executeTakeFirst();
  const health = row && readStored(HealthReport, row.health, {});
  // Without a status it was only noted with which certificate the host was refused.
  return health?.status === undefined ? undefined : { instanceId: health.instance_id };
}
