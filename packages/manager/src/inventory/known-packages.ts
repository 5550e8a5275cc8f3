import type { KnownPackages } from '@linux-patch/contract';
import { sql } from 'kysely';
import { fits } from '../database/dialect.ts';
import type { FleetRecords, Page } from './fleet-question.ts';

/** What is asked about the dictionary. */
interface KnownAsked extends Page {
  /** Of the name. */
  readonly pattern?: string | undefined;
}

/** Every package version that a host has or had, by name and version, with how many hosts have it now. */
export async function readKnownPackages(
  { reads: db, sets }: FleetRecords,
  signal: AbortSignal | undefined,
  { pattern, limit, offset }: KnownAsked,
): Promise<Omit<KnownPackages, 'figures'>> {
  let wanted = db.selectFrom('package_versions');
  if (pattern !== undefined) wanted = wanted.where(fits(db, sql.ref('name'), pattern));
  const rows = await wanted
    .select(['id', 'name', 'arch', 'version'])
    .orderBy('name')
    .orderBy('eco')
    .orderBy('version_key')
    .orderBy('version')
    .orderBy('arch')
    .orderBy('id')
    .limit(limit)
    .offset(offset)
    .execute({ signal });
  const { total } = await wanted
    .select((select) => select.fn.countAll<number>().as('total'))
    .executeTakeFirstOrThrow({ signal });
  const left = await db.selectFrom('hosts').select('id').where('left_at', 'is not', null).execute({ signal });
  const ids = rows.map(({ id }) => id);
  const { revision, found } = await sets.ask(
    { kind: 'count', ids, except: left.map(({ id }) => id) },
    signal,
  );
  return {
    revision,
    packages: rows.map(({ id, name, arch, version }) => ({
      name,
      architecture: arch,
      version,
      hosts: found.get(id) ?? 0,
    })),
    total,
  };
}
