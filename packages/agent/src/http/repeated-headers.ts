import { PatchError } from '@linux-patch/contract';

/** Headers that decide what a request means; two of one kind would be read differently by different programs. */
const SINGLE_HEADERS: ReadonlySet<string> = new Set([
  'host',
  'content-length',
  'content-type',
  'transfer-encoding',
  'authorization',
  'x-request-id',
  'idempotency-key',
  'linux-patch-instance',
  'linux-patch-job',
  'linux-patch-job-signature',
]);

/**
 * @param rawHeaders names and values in turn
 * @throws PatchError `INVALID_REQUEST` when a header that must be single came twice.
 */
export function refuseRepeatedHeaders(rawHeaders: readonly string[]): void {
  const names = rawHeaders.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase());
  const repeated = names.filter((name, index) => SINGLE_HEADERS.has(name) && names.indexOf(name) !== index);
  if (repeated.length === 0) return;
  const faults = [...new Set(repeated)].map((name) => ({
    path: `header.${name}`,
    message: 'given more than once',
  }));
  const text = faults.map((fault) => `${fault.path}: ${fault.message}`).join('; ');
  throw new PatchError('INVALID_REQUEST', `The request is not valid: ${text}`, { details: { faults } });
}
