import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { lazily, PatchError } from '@linux-patch/contract';
import type { Selectable } from 'kysely';
import { z } from 'zod';
import type { AuditRow } from '../database/schema.ts';

/** So many records go into one file at most. */
export const FILE_RECORDS = 20_000;
/** A record holds what one request said, and that is bounded. */
const MAX_BYTES = 512 * 1024 ** 2;

const Hash = z.string().regex(/^[0-9a-f]{64}$/);

/** A line of the file: a record with everything that its hash covers, the fields as they were stored. */
const SealedRow = lazily(() =>
  z.strictObject({
    seq: z.int().positive(),
    at: z.int(),
    actor: z.string(),
    event: z.string(),
    fields: z.string(),
    previous_hash: Hash,
    hash: Hash,
  }),
);

/** Records as one compressed file (gzip, RFC 1952) of JSON lines. */
export async function packRecords(rows: readonly Selectable<AuditRow>[]): Promise<Uint8Array> {
  const lines = rows.map(
    ({ seq, at, actor, event, fields, previous_hash, hash }) =>
      `${JSON.stringify({ seq, at, actor, event, fields, previous_hash, hash })}\n`,
  );
  return promisify(gzip)(lines.join(''));
}

function readLine(line: string, number: number, name: string): Selectable<AuditRow> {
  try {
    return SealedRow.parse(JSON.parse(line));
  } catch {
    throw new PatchError('INVALID_REQUEST', `${name} is damaged: its line ${number} is no record.`);
  }
}

/**
 * The records of such a file; `name` is for the words.
 * @throws PatchError `INVALID_REQUEST` for anything that is no such file
 */
export async function unpackRecords(data: Uint8Array, name: string): Promise<Selectable<AuditRow>[]> {
  const bytes = await promisify(gunzip)(data, { maxOutputLength: MAX_BYTES }).catch(() => {
    throw new PatchError('INVALID_REQUEST', `${name} is damaged, or no file of sealed records.`);
  });
  const lines = bytes.toString('utf8').split('\n');
  if (lines.pop() !== '' || lines.length === 0 || lines.length > FILE_RECORDS)
    throw new PatchError('INVALID_REQUEST', `${name} is not whole: it does not end with a record.`);
  return lines.map((line, index) => readLine(line, index + 1, name));
}
