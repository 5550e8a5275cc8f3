import { isPatchError } from '@linux-patch/contract';

/** What an administrator or time can mend on this host: full or read-only disks, missing rights, a bad medium. */
const SYSTEM_CODES = new Set([
  'ENOSPC',
  'EDQUOT',
  'EROFS',
  'EACCES',
  'EPERM',
  'EIO',
  'EMFILE',
  'ENFILE',
  'EISDIR',
  'ENOTDIR',
  'ENOTEMPTY',
]);

/** Whether an error is a fault of this host's disk rather than of the program or the manager. */
export function isLocalFault(error: unknown): boolean {
  if (isPatchError(error, 'PROVISION_FAILED')) return true;
  const code = (error as { readonly code?: unknown } | undefined)?.code;
  return typeof code === 'string' && SYSTEM_CODES.has(code);
}
