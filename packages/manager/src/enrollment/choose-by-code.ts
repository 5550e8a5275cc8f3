import { PatchError } from '@linux-patch/contract';
import type { EnrollmentRow } from '../database/schema.ts';
import type { EnrollmentContext } from './context.ts';
import { fitsCode, noteWrongCode } from './host-code.ts';
import { forgetSuperseded } from './superseded.ts';
import { findRequests, refuseSeveral } from './view.ts';

/** Each try costs a tenth of a second of scrypt; more requests than this of one name are somebody's flood. */
const MAX_TRIED = 16;

/**
 * The request that an administrator means: by id, key id or host name, and among several of one name the one that the
 * code fits. A code that fits none counts as a wrong one for each.
 *
 * @throws PatchError `ENROLLMENT_NOT_FOUND`, `CODE_MISMATCH`, `ENROLLMENT_LOCKED`
 */
export async function chooseRequest(
  context: EnrollmentContext,
  reference: string,
  code: string | undefined,
  actor: string,
): Promise<EnrollmentRow> {
  await forgetSuperseded(context);
  const [first, ...others] = await findRequests(context, reference);
  if (others.length === 0) return first;
  const several = [first, ...others];
  if (code === undefined || several.length > MAX_TRIED) throw refuseSeveral(reference, several);
  const open = several.filter((row) => (row.locked_until ?? 0) <= context.clock.now());
  for (const row of open) if (await fitsCode(row, code)) return row;
  for (const row of open) await noteWrongCode(context, row, actor);
  if (open.length === 0) {
    throw new PatchError(
      'ENROLLMENT_LOCKED',
      `Too many wrong codes were typed for each of the ${several.length} requests of ${reference}; wait 15 min, then read the code on the host again.`,
    );
  }
  throw new PatchError(
    'CODE_MISMATCH',
    `The code fits none of the ${several.length} requests of ${reference}: a typing error, or the request was changed on its way here. ` +
      'Read code and key id again on the host with "linux-patch-api status" and look for the key id in "linux-patch-manager enrollments list".',
  );
}
