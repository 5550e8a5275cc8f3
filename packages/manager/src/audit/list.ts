import type { AuditPage, AuditQuery, AuditRecord } from '@linux-patch/contract';
import { type RawBuilder, type Selectable, type SqlBool, sql } from 'kysely';
import { z } from 'zod';
import type { Database } from '../database/open.ts';
import type { AuditRow } from '../database/schema.ts';
import { readStored } from '../database/stored-json.ts';

const Fields = z.record(z.string(), z.unknown());

function toRecord({ seq, at, actor, event, fields, hash }: Selectable<AuditRow>): AuditRecord {
  return {
    seq,
    at: new Date(at).toISOString(),
    actor,
    event,
    fields: readStored(Fields, fields, {}),
    hash,
  };
}

/** Whether a record's fields, as they are stored, hold a text. */
function holds(text: string): RawBuilder<SqlBool> {
  const stored = JSON.stringify(text).slice(1, -1);
  const pattern = `%${stored.replaceAll(/[!%_]/g, '!$&')}%`;
  return sql<SqlBool>`fields like ${pattern} escape '!'`;
}

/** A page of records, newest first. */
export async function listAudit(
  db: Database,
  { actor, event, about, since, until, before, limit = 100 }: AuditQuery,
): Promise<AuditPage> {
  let query = db
    .selectFrom('audit')
    .selectAll()
    .orderBy('seq', 'desc')
    .limit(limit + 1);
  if (actor !== undefined) query = query.where('actor', '=', actor);
  if (event !== undefined) query = query.where('event', '=', event);
  if (about !== undefined) query = query.where(holds(about));
  if (since !== undefined) query = query.where('at', '>=', new Date(since).getTime());
  if (until !== undefined) query = query.where('at', '<', new Date(until).getTime());
  if (before !== undefined) query = query.where('seq', '<', before);
  const rows = await query.execute();
  const page = rows.slice(0, limit);
  return { records: page.map(toRecord), next: rows.length > limit ? (page.at(-1)?.seq ?? null) : null };
}
