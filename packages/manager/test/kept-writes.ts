import { sql } from 'kysely';
import type { Database } from '../src/database/open.ts';
import { decodeIds } from '../src/inventory/id-set.ts';
import { findAuditBreak } from './audit-break.ts';
import type { Done } from './writes.ts';

/** Every value of a column, as text. */
async function column(rows: Promise<readonly { readonly value: unknown }[]>): Promise<Set<string>> {
  return new Set((await rows).map(({ value }) => String(value)));
}

/** What was answered as done and is not on record. */
export async function lostOf(db: Database, done: readonly Done[]): Promise<readonly Done[]> {
  const requests = await db.selectFrom('enrollments').select(['id', 'state']).execute();
  const idsIn = (...states: readonly string[]) =>
    new Set(requests.flatMap(({ id, state }) => (states.includes(state) ? [id] : [])));
  const certificates = db.selectFrom('certificates').select('serial as value');
  const labels = await column(
    db.selectFrom('host_labels').select('value').where('key', '=', 'number').execute(),
  );
  const newestLabel = Math.max(0, ...[...labels].map(Number));
  const kept: Readonly<Record<Done['kind'], (id: string) => boolean>> = {
    request: has(new Set(requests.map(({ id }) => id))),
    approval: has(idsIn('approved', 'installed')),
    installation: has(idsIn('installed')),
    renewal: has(await column(certificates.execute())),
    revocation: has(await column(certificates.where('revoked_at', 'is not', null).execute())),
    'join token': has(await column(db.selectFrom('join_tokens').select('id as value').execute())),
    label: (number) => Number(number) <= newestLabel,
    act: has(await column(db.selectFrom('acts').select('id as value').execute())),
  };
  return done.filter(({ kind, id }) => !kept[kind](id));
}

const has = (ids: ReadonlySet<string>) => (id: string) => ids.has(id);

/** What belongs together and is not all there, in words; empty when nothing is half done. */
export async function halvesIn(db: Database): Promise<readonly string[]> {
  const fault = await findAuditBreak(db);
  return [
    ...(fault === undefined ? [] : [`the audit log breaks at ${fault}`]),
    ...(await halfJoined(db)),
    ...(await unrecorded(db)),
    ...(await halfActs(db)),
    ...(await halfListings(db)),
  ];
}

/** An approval is a host, a certificate for it and its request, all at once. */
async function halfJoined(db: Database): Promise<string[]> {
  const rows = await db
    .selectFrom('enrollments as e')
    .leftJoin('hosts as h', 'h.id', 'e.host_id')
    .leftJoin('certificates as c', 'c.serial', 'e.serial')
    .select(['e.fqdn', 'h.id as host', 'c.serial', 'c.host_id as certified'])
    .where('e.state', 'in', ['approved', 'installed'])
    .execute();
  return rows
    .filter(({ host, serial, certified }) => host === null || serial === null || certified !== host)
    .map(({ fqdn }) => `${fqdn} was let in by half`);
}

/** Each certificate, revocation, token and act has its record in the audit log, and the count of revocations is that of certificates. */
async function unrecorded(db: Database): Promise<string[]> {
  const audit = await db.selectFrom('audit').select(['event', 'fields']).execute();
  const recorded = (...events: readonly string[]) =>
    audit
      .filter(({ event }) => events.includes(event))
      .map(({ fields }) => fields)
      .join('\n');
  const issued = recorded('enrollment_approved', 'certificate_renewed', 'certificate_sent_again');
  const revoked = recorded('certificate_revoked');
  const tokens = recorded('join_token_created');
  const acts = recorded('act_started');
  const certificates = await db.selectFrom('certificates').selectAll().where('kind', '=', 'agent').execute();
  const all = await db.selectFrom('certificates').select('revoked_at').execute();
  const { revoked: counted } = await db
    .selectFrom('revocation_count')
    .select('revoked')
    .executeTakeFirstOrThrow();
  const isCounted = counted === all.filter(({ revoked_at }) => revoked_at !== null).length;
  return [
    ...(isCounted ? [] : [`revocation_count is ${counted}`]),
    ...certificates
      .filter(({ serial }) => !issued.includes(serial))
      .map(({ serial }) => `${serial} is issued off the record`),
    ...certificates
      .filter(({ serial, revoked_at }) => revoked_at !== null && !revoked.includes(serial))
      .map(({ serial }) => `${serial} is revoked off the record`),
    ...(await db.selectFrom('join_tokens').select('id').execute())
      .filter(({ id }) => !tokens.includes(id))
      .map(({ id }) => `the token ${id} is off the record`),
    ...(await db.selectFrom('acts').select('id').execute())
      .filter(({ id }) => !acts.includes(id))
      .map(({ id }) => `the act ${id} is off the record`),
  ];
}

/** An act is on record for every host that it means. */
async function halfActs(db: Database): Promise<string[]> {
  const { rows } = await sql<{ id: string; meant: string; jobs: number }>`
    select a.id, a.fields as meant, (select count(*) from host_jobs as j where j.act_id = a.id) as jobs
    from (select acts.id, audit.fields from acts join audit on audit.event = 'act_started'
      and audit.fields like '%' || acts.id || '%') as a`.execute(db);
  return rows
    .filter(({ meant, jobs }) => (JSON.parse(meant) as { hosts: number }).hosts !== Number(jobs))
    .map(({ id, jobs }) => `the act ${id} is there for ${jobs} hosts`);
}

/** What a host has is a list of numbers of versions, all of which are known; so is what waits on it. */
async function halfListings(db: Database): Promise<string[]> {
  const known = await column(db.selectFrom('package_versions').select('id as value').execute());
  const sets = await db.selectFrom('package_sets').select(['host_id', 'ids', 'packages']).execute();
  return sets
    .map(({ host_id, ids, packages }) => ({ host_id, packages, ids: ids === null ? [] : decodeIds(ids) }))
    .filter(({ ids, packages }) => ids.length !== packages || ids.some((id) => !known.has(String(id))))
    .map(({ host_id }) => `what ${host_id} has is there by half`);
}
