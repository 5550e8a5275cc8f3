import { PatchError } from '@linux-patch/contract';
import { type RawBuilder, type SqlBool, sql } from 'kysely';
import { textList } from '../database/dialect.ts';
import type { Database } from '../database/open.ts';
import type { Reach, ReachTerm } from './reach.ts';

function idsOf(term: ReachTerm): RawBuilder<unknown> {
  return 'groupId' in term
    ? sql`select host_id from group_members where group_id = ${term.groupId}`
    : sql`select host_id from host_labels where key = ${term.label.key} and value = ${term.label.value}`;
}

/**
 * For `where`: whether a host is one of these.
 * @param host the column with its id
 */
export function within(reach: Reach, host: string): RawBuilder<SqlBool> {
  if (reach === 'everywhere') return sql<SqlBool>`true`;
  if (reach.length === 0) return sql<SqlBool>`false`;
  return sql<SqlBool>`${sql.ref(host)} in (${sql.join(reach.map(idsOf), sql` union all `)})`;
}

/** Whether a host is one of these now. */
export async function isWithin(db: Database, reach: Reach, hostId: string): Promise<boolean> {
  if (reach === 'everywhere') return true;
  const row = await db
    .selectFrom('hosts')
    .select('id')
    .where('id', '=', hostId)
    .where(within(reach, 'id'))
    .executeTakeFirst();
  return row !== undefined;
}

/** Hosts that a refusal names. */
const NAMED = 20;

function namedIn(names: readonly string[]): string {
  const more = names.length > NAMED ? ` and ${names.length - NAMED} more` : '';
  return `${names.slice(0, NAMED).join(', ')}${more}`;
}

/**
 * Refuses what is asked for several hosts of which some are out of reach; to be asked in the transaction that does it.
 * @throws PatchError `FORBIDDEN`
 */
export async function requireWithin(db: Database, reach: Reach, hostIds: readonly string[]): Promise<void> {
  if (reach === 'everywhere') return;
  const rows = await db
    .selectFrom('hosts')
    .select(['id', 'fqdn'])
    .where('id', 'in', textList(db, hostIds))
    .where(within(reach, 'id'))
    .execute();
  const allowed = new Set(rows.map(({ id }) => id));
  const beyond = hostIds.filter((id) => !allowed.has(id));
  if (beyond.length === 0) return;
  const known = await db
    .selectFrom('hosts')
    .select('fqdn')
    .where('id', 'in', textList(db, beyond))
    .orderBy('fqdn')
    .execute();
  const names = known.map(({ fqdn }) => fqdn);
  throw new PatchError(
    'FORBIDDEN',
    `Your role does not reach ${beyond.length} of the ${hostIds.length} hosts that are meant: ${namedIn(names)}. Nothing was done, to none of them.`,
    { details: { hosts: names.slice(0, NAMED), beyond: beyond.length } },
  );
}
