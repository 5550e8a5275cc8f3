import { PatchError } from '@linux-patch/contract';
import type { Database } from '../database/open.ts';
import type { EnrollmentRow } from '../database/schema.ts';

/**
 * The request of this id.
 * @throws PatchError `ENROLLMENT_NOT_FOUND`
 */
export async function getRow(db: Database, id: string): Promise<EnrollmentRow> {
  const row = await db.selectFrom('enrollments').selectAll().where('id', '=', id).executeTakeFirst();
  if (row) return row;
  throw new PatchError('ENROLLMENT_NOT_FOUND', `There is no request ${id}; it may have expired.`);
}
