import { PatchError } from '@linux-patch/contract';
import type { Logger } from '@linux-patch/runtime';
import type { Kysely } from 'kysely';
import type { AuditLog } from '../audit/audit-log.ts';
import type { Database } from '../database/open.ts';
import type { ManagerTables } from '../database/schema.ts';
import { readStored } from '../database/stored-json.ts';
import { inTransaction } from '../database/transactions.ts';
import { HealthReport } from '../fleet-watch/health-report.ts';
import type { JobKey } from './job-key.ts';

/** Name of the setting that holds the fingerprint of the key with which this manager served last. */
const SETTING = 'job_key';
/** So many hosts are named; the rest is a number. */
const NAMED_HOSTS = 5;

async function lastJobKey(db: Database): Promise<string | undefined> {
  const row = await db.selectFrom('settings').select('value').where('name', '=', SETTING).executeTakeFirst();
  return row?.value;
}

/** Keeps in the database which key is in use, so that its loss is noticed. */
export async function rememberJobKey(db: Database, value: string): Promise<void> {
  await db
    .insertInto('settings')
    .values({ name: SETTING, value })
    .onConflict((conflict) => conflict.column('name').doUpdateSet({ value }))
    .execute();
}

/**
 * Names of the hosts that would refuse what another key signs: those that said that they pin one, and, where this manager
 * had a key before, those that were never asked, because they pin it while they join.
 */
async function hostsThatRely(db: Database, hadKey: boolean): Promise<string[]> {
  const rows = await db
    .selectFrom('hosts')
    .leftJoin('host_reports', 'host_reports.host_id', 'hosts.id')
    .select(['hosts.fqdn', 'host_reports.health'])
    .where('hosts.left_at', 'is', null)
    .orderBy('hosts.fqdn')
    .execute();
  const relies = ({ health }: { readonly health: string | null }): boolean =>
    health === null ? hadKey : (readStored(HealthReport, health, {}).job_key?.pinned ?? null) !== null;
  return rows.filter(relies).map(({ fqdn }) => fqdn);
}

function lostJobKey(path: string, last: string | undefined, hosts: readonly string[]): PatchError {
  const more = hosts.length > NAMED_HOSTS ? ` and ${hosts.length - NAMED_HOSTS} more` : '';
  const key = last === undefined ? 'the job key that lay there' : `the job key that lay there, ${last}`;
  return new PatchError(
    'NOT_INITIALIZED',
    `The job key is lost: there is no ${path}. Hosts on record take changes only when ${key}, has signed them: ${hosts.slice(0, NAMED_HOSTS).join(', ')}${more}. ` +
      'Nothing was changed, and hosts go on serving meanwhile. Restore the file from your backup and start the manager. ' +
      "Without a backup run 'linux-patch-manager job-key make', which makes another key and prints its fingerprint, and start the manager; each of these hosts then refuses every change until root there says " +
      "'linux-patch-api trust-job-key' with that fingerprint.",
  );
}

/** What the record and the log say of the key that the start found or made; undefined when there is nothing to say. */
function noteOf(
  { fingerprint, former }: Pick<JobKey, 'fingerprint' | 'former'>,
  last: string | undefined,
  isNew: boolean,
) {
  if (isNew) {
    return {
      event: 'job_key_made',
      fields: { fingerprint },
      words:
        'There was no job key, and one was made. That is right after an upgrade from a version without job keys; if it was lost, stop the manager and restore ca/job-key.json from a backup, because hosts that pin the lost one refuse changes signed with this one',
    } as const;
  }
  if (last === undefined) return undefined;
  const fields = { fingerprint, previous: last };
  if (former.includes(last)) return { event: 'job_key_rotated', fields, words: undefined } as const;
  return {
    event: 'job_key_replaced',
    fields,
    words:
      'The job key is another one than at the start before, and that one did not sign it. Hosts that pin the one before refuse changes until root there says: linux-patch-api trust-job-key with the fingerprint of this one',
  } as const;
}

/**
 * Makes the job key of a manager from before there was one, and records when another one is in use than before.
 * @throws PatchError `NOT_INITIALIZED` when it is gone although hosts pin it; nothing is changed then
 */
export async function establishJobKey(
  parts: { readonly audit: AuditLog; readonly db: Kysely<ManagerTables>; readonly logger: Logger },
  jobKey: JobKey,
  path: string,
): Promise<void> {
  const { audit, db, logger } = parts;
  const last = await lastJobKey(db);
  const isNew = !jobKey.isMade;
  if (isNew) {
    const hosts = await hostsThatRely(db, last !== undefined);
    if (hosts.length > 0) throw lostJobKey(path, last, hosts);
    await jobKey.make();
  }
  if (last === jobKey.fingerprint) return;
  const note = noteOf(jobKey, last, isNew);
  if (note?.words !== undefined) logger.warn(note.words, note.fields);
  await inTransaction(db, async (own) => {
    if (note) await audit.record(own, { actor: 'manager', event: note.event, fields: note.fields });
    await rememberJobKey(own, jobKey.fingerprint);
  });
}
