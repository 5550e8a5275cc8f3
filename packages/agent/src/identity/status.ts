import type { IdentityStatus } from '@linux-patch/pki';
import { type InspectOptions, inspectIdentity } from './inspect.ts';

/** The status of the identity on disk, in one word; `inspectIdentity` tells everything. */
export async function checkCertificates(options: InspectOptions): Promise<IdentityStatus> {
  return (await inspectIdentity(options)).status;
}
