import type { AuditPage, AuditQuery, AuditRecord } from '@linux-patch/contract';
import type { Selectable } from 'kysely';
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

/** A page of records, newest first. */
export async function listAudit(
  db: Database,
  { actor, event, before, limit = 100 }: AuditQuery,
): Promise<AuditPage> {
  let query = db
    .selectFrom('audit')
    .selectAll()
    .orderBy('seq', 'desc')
    .limit(limit + 1);
  if (actor !== undefined) query = query.where('actor', '=', actor);
  if (event !== undefined) query = query.where('event', '=', event);
  if (before !== undefined) query = query.where('seq', '<', before);
  const rows = await query.execute();
  const page = rows.slice(0, limit);
  return { records: page.map(toRecord), next: rows.length > limit ? (page.at(-1)?.seq ?? null) : null };
}
