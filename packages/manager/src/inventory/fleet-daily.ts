import { DAY_MS, type FleetDay } from '@linux-patch/contract';
import { type Kysely, sql } from 'kysely';
import type { FleetDailyRow } from '../database/inventory-schema.ts';
import type { Database } from '../database/open.ts';
import type { ReadDatabase } from '../database/reader-threads/open-reads.ts';
import type { ManagerTables } from '../database/schema.ts';
import { type Freshness, readFigures } from './fleet-state.ts';

const dayOf = (atMs: number): number => Math.floor(atMs / DAY_MS);

/** Keeps how the fleet fares as that of this day (UTC), in the place of what was kept on it before. */
export async function keepDay({ db, reads }: ReadDatabase, freshness: Freshness): Promise<void> {
  const day = dayOf(freshness.nowMs);
  const row = { at: freshness.nowMs, ...(await readNumbers(reads, freshness)) };
  await db
    .insertInto('fleet_daily')
    .values({ day, ...row })
    .onConflict((conflict) => conflict.column('day').doUpdateSet(row))
    .execute();
}

type Numbers = Omit<FleetDailyRow, 'day' | 'at'>;

async function readNumbers(reads: Kysely<ManagerTables>, freshness: Freshness): Promise<Numbers> {
  const { current, behind, unknown, security } = await readFigures(reads, {
    ...freshness,
    reach: 'everywhere',
  });
  const waiting = await reads
    .selectFrom('hosts')
    .innerJoin('package_sets', 'package_sets.host_id', 'hosts.id')
    .select((select) => [
      select.fn.sum<number | null>('updates').as('updates'),
      select.fn.sum<number | null>('security_updates').as('security_updates'),
    ])
    .where('left_at', 'is', null)
    .executeTakeFirstOrThrow();
  return {
    hosts_current: current,
    hosts_behind: behind,
    hosts_unknown: unknown,
    hosts_security: security,
    updates: Number(waiting.updates ?? 0),
    security_updates: Number(waiting.security_updates ?? 0),
    ...(await readCertificates(reads, freshness.nowMs)),
  };
}

const WEEK_MS = 7 * DAY_MS;
const MONTH_MS = 30 * DAY_MS;

type Left = 'none' | 'expired' | 'week' | 'month' | 'later';

/** Hosts by how long their newest certificate lasts. */
async function readCertificates(reads: Kysely<ManagerTables>, nowMs: number) {
  const { rows } = await sql<{ readonly time_left: Left; readonly hosts: number }>`
    select case when until is null then 'none'
      when until < ${nowMs} then 'expired'
      when until < ${nowMs + WEEK_MS} then 'week'
      when until < ${nowMs + MONTH_MS} then 'month'
      else 'later' end as time_left, count(*) as hosts
    from (select h.id, max(c.not_after) as until from hosts as h
      left join certificates as c on c.host_id = h.id and c.revoked_at is null
      where h.left_at is null group by h.id) as newest group by 1`.execute(reads);
  const of = (wanted: Left): number => rows.find((row) => row.time_left === wanted)?.hosts ?? 0;
  return {
    certificates_none: of('none'),
    certificates_expired: of('expired'),
    certificates_week: of('week'),
    certificates_month: of('month'),
    certificates_later: of('later'),
  };
}

/** How the fleet fared on each of the last days, the oldest first; days on which no manager ran are missing. */
export async function readDays(
  db: Database,
  { nowMs, signal }: Pick<Freshness, 'nowMs' | 'signal'>,
  days: number,
): Promise<FleetDay[]> {
  const rows = await db
    .selectFrom('fleet_daily')
    .selectAll()
    .where('day', '>', dayOf(nowMs) - days)
    .orderBy('day')
    .execute({ signal });
  return rows.map((row) => ({
    day: new Date(row.day * DAY_MS).toISOString().slice(0, 10),
    at: new Date(row.at).toISOString(),
    hosts: row.hosts_current + row.hosts_behind + row.hosts_unknown,
    current: row.hosts_current,
    behind: row.hosts_behind,
    unknown: row.hosts_unknown,
    security: row.hosts_security,
    updates: row.updates,
    security_updates: row.security_updates,
    certificates: {
      none: row.certificates_none,
      expired: row.certificates_expired,
      week: row.certificates_week,
      month: row.certificates_month,
      later: row.certificates_later,
    },
  }));
}
