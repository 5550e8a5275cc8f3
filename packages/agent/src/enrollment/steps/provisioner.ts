import type { Bundle, JobKeyOffer } from '@linux-patch/contract';
import type { CertificateFacts } from '@linux-patch/pki';
import type { Random } from '@linux-patch/runtime';
import type { IdentityMeta } from '../../identity/store/identity-meta.ts';
import { installGeneration } from '../../identity/store/store.ts';
import type { Applicant } from '../settings.ts';
import { type Claim, type ProofOptions, type ProvenBundle, proveBundle } from './prove-bundle.ts';

/** Turns an approval into the identity of this host. */
export interface Provisioner {
  /** @throws PatchError `MANAGER_UNTRUSTED` or `CERT_UNSUITABLE`; nothing has been written then. */
  prove(bundle: Bundle, claim: Claim): Promise<ProvenBundle>;
  /**
   * @param older whether the manager made the key
   * @throws PatchError `PROVISION_FAILED`; the old set is in use then.
   */
  install(proven: ProvenBundle, older: boolean): Promise<IdentityMeta>;
  /** Lets the manager through the address filter. */
  allowManager(): Promise<void>;
}

export function createProvisioner(options: {
  readonly proof: ProofOptions;
  readonly random: Random;
  readonly binding: Applicant['binding'];
  readonly allowManager: () => Promise<void>;
  /** @param isPinned whether a join string names the CAs that may vouch for the key */
  readonly takeJobKey: (
    offer: JobKeyOffer | undefined,
    roots: readonly CertificateFacts[],
    isPinned: boolean,
  ) => Promise<void>;
}): Provisioner {
  const { proof, random, binding, allowManager, takeJobKey } = options;
  const { managerUrl } = proof;
  const { files, paths, clock } = proof.place;
  return {
    prove: (bundle, claim) => proveBundle(proof, bundle, claim),
    async install(proven, older) {
      const { bundle, material, trust, issuer, reportedAddress } = proven;
      const meta: IdentityMeta = {
        v: 1,
        trust,
        trust_issuer: issuer,
        key_origin: older ? 'manager' : 'host',
        manager_url: managerUrl.href,
        manager_client: bundle.ext?.manager_client ?? null,
        installed_at: new Date(clock.now()).toISOString(),
        reported_address: reportedAddress,
        renewal_draw: random.fraction(),
        host: await binding(),
        renew_window: bundle.ext?.renew_window,
      };
      await takeJobKey(bundle.ext?.job_key, proven.jobKeyRoots, proven.isPinned);
      await installGeneration({ files, paths, material, meta });
      return meta;
    },
    allowManager,
  };
}
