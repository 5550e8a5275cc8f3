import { PatchError } from '@linux-patch/contract';
import { parseCertificates, spkiFingerprint } from '@linux-patch/pki';
import type { Material } from '../../identity/store/material.ts';
import { findIdentity, type IdentityPlace } from '../../identity/store/read.ts';

/**
 * With nothing but the first contact to believe, a manager that comes with another CA than before is not believed: it was
 * replaced, or it is somebody else. A file, a pin, a code or the system's CAs are the word of a person.
 *
 * @throws PatchError `MANAGER_UNTRUSTED`; the old certificates stay.
 */
export async function refuseOtherCa(
  { place, managerUrl }: { readonly place: IdentityPlace; readonly managerUrl: URL },
  received: Material,
): Promise<void> {
  const installed = await findIdentity(place);
  if (installed?.meta.manager_url !== managerUrl.href) return;
  const known = new Set(installed.issuers.map((one) => one.spkiSha256));
  const roots = parseCertificates(received.caPem);
  if (roots.some((one) => known.has(one.spkiSha256))) return;
  const seen = roots.map((one) => spkiFingerprint(one.pem)).join(', ');
  throw new PatchError(
    'MANAGER_UNTRUSTED',
    `${managerUrl.href} comes with another CA (${seen}) than the one that this host's certificates are from. It was replaced, or somebody is in between; ` +
      'nothing was installed, and the old certificates stay. If it was replaced, compare the fingerprint on the manager ("linux-patch-manager ca status"), ' +
      'put it into enrollment.ca_fingerprint and start the agent again.',
  );
}
