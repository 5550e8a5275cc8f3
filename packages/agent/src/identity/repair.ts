import { messageOf } from '@linux-patch/contract';
import type { Logger } from '@linux-patch/runtime';
import type { AuditLog } from '../audit/audit-log.ts';
import { type IdentityInspection, inspectIdentity } from './inspect.ts';
import { protectKey } from './store/file-checks.ts';
import type { IdentityPlace } from './store/read.ts';
import { rollBackDamaged } from './store/roll-back.ts';

/** How the identity on disk was judged; the set itself where it was read for that. */
export type JudgedIdentity = Pick<IdentityInspection, 'status' | 'set'>;

interface RepairOptions {
  readonly place: IdentityPlace;
  readonly logger: Logger;
  readonly audit: AuditLog;
}

/** Takes away what others may do with the private key. That it cannot be done keeps nobody from serving. */
async function protect({ place, logger, audit }: RepairOptions): Promise<void> {
  try {
    for (const { message, paths } of await protectKey(place.files, place.paths)) {
      logger.warn(`${message} Its mode is 0600 now; when somebody may have read it, enrol anew.`, {});
      audit.record('identity_key_protected', { path: paths[0], reason: message });
    }
  } catch (error) {
    logger.warn(`The private key could not be protected: ${messageOf(error)}`, { error });
  }
}

/**
 * The identity to begin with. What can be mended on this host is mended first: a key that others may read, and a
 * damaged set where one of those before is still good.
 */
export async function repairIdentity(repair: RepairOptions): Promise<JudgedIdentity> {
  const { place, logger, audit } = repair;
  await protect(repair);
  const { status, set } = await inspectIdentity(place);
  try {
    const previous = await rollBackDamaged(place, status);
    if (!previous) return { status, set };
    const { serialHex, notAfterMs } = previous.facts;
    logger.error(
      'The certificates were damaged and the newest earlier set that passes every check is in use; find out what damaged them',
      { reason: status.message, serial: serialHex, until: new Date(notAfterMs).toISOString() },
    );
    audit.record('identity_rolled_back', {
      status: status.status,
      reason: status.message,
      serial: serialHex,
    });
    return { status: previous, set: undefined };
  } catch (error) {
    logger.warn(`The damaged certificates could not be replaced by earlier ones: ${messageOf(error)}`, {
      error,
    });
    return { status, set };
  }
}
