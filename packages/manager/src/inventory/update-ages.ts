import { DAY_MS, UPDATE_AGES, type UpdateAge, type UpdateAges } from '@linux-patch/contract';
import { type RawBuilder, sql } from 'kysely';
import type { Database } from '../database/open.ts';
import { within } from '../reach/within.ts';
import type { FleetView } from './fleet-state.ts';

/** An update of this age has waited less than so many days. */
const BELOW_DAYS: Readonly<Record<UpdateAge, number>> = {
  day: 1,
  week: 7,
  month: 30,
  quarter: 90,
  older: Number.POSITIVE_INFINITY,
};

/** What waits since after this is of the age, or of a younger one. */
const sinceMs = (age: UpdateAge, nowMs: number): number => Math.max(0, nowMs - BELOW_DAYS[age] * DAY_MS);

/** Whether an update, `host_updates as u`, is of this age. */
export function isOfAge(age: UpdateAge | undefined, nowMs: number): RawBuilder<unknown> {
  if (age === undefined) return sql`true`;
  const younger = UPDATE_AGES[UPDATE_AGES.indexOf(age) - 1];
  const isOldEnough = younger ? sql`u.waiting_since <= ${sinceMs(younger, nowMs)}` : sql`true`;
  return age === 'older' ? isOldEnough : sql`${isOldEnough} and u.waiting_since > ${sinceMs(age, nowMs)}`;
}

interface Counted {
  readonly age: UpdateAge;
  readonly security: number;
  readonly number: number;
}

/** What waits, by how long it has: each update once for each of its hosts. One look through an index. */
export async function readUpdateAges(
  db: Database,
  { nowMs, reach, signal }: FleetView,
): Promise<UpdateAges['ages']> {
  const [last = 'older', ...younger] = UPDATE_AGES.toReversed();
  const whens = younger
    .toReversed()
    .map((age) => sql`when u.waiting_since > ${sinceMs(age, nowMs)} then ${sql.lit(age)}`);
  const { rows } = await sql<Counted>`select case ${sql.join(whens, sql` `)} else ${sql.lit(last)} end as age,
      case when u.security = 1 then 1 else 0 end as security, count(*) as number
    from host_updates as u
    where u.host_id not in (select id from hosts where left_at is not null) and ${within(reach, 'u.host_id')}
    group by 1, 2`.execute(db, { signal });
  const of = (age: UpdateAge, security: number): number =>
    rows.find((row) => row.age === age && row.security === security)?.number ?? 0;
  return UPDATE_AGES.map((age) => ({ age, security: of(age, 1), other: of(age, 0) }));
}
