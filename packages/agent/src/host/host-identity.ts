import { readMachineId } from '@linux-patch/worker';
import { type NameSources, readFqdn, shortNameOf } from './host-name.ts';
import { type AddressSources, chooseAddress } from './reported-address.ts';

/** Who this host says it is when it asks to join. */
export interface HostIdentity {
  readonly machineId: string;
  readonly fqdn: string;
  readonly hostname: string;
  readonly ipAddress: string;
}

export type IdentitySources = NameSources & AddressSources;

/**
 * Collects who this host is.
 * @throws PatchError `IDENTITY_UNAVAILABLE` that says what to mend; the signal's reason.
 */
export async function collectHostIdentity(sources: IdentitySources): Promise<HostIdentity> {
  const machineId = await readMachineId(sources.files, sources.root);
  const fqdn = await readFqdn(sources);
  return { machineId, fqdn, hostname: shortNameOf(fqdn), ipAddress: await chooseAddress(sources) };
}
