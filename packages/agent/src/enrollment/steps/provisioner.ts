import type { Bundle } from '@linux-patch/contract';
import type { Random } from '@linux-patch/runtime';
import type { IdentityMeta } from '../../identity/store/identity-meta.ts';
import { installGeneration } from '../../identity/store/store.ts';
import type { Applicant } from '../settings.ts';
import type { PendingJobKey } from '../state/pending.ts';
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
  /** The job key that comes with it, to be kept until it is installed. */
  jobKeyOf(proven: ProvenBundle): PendingJobKey;
  /**
   * Says that it comes, and lets it count when its certificates are installed; done twice it changes nothing more.
   * @throws PatchError `PROVISION_FAILED`
   */
  pinJobKey(jobKey: PendingJobKey, installed: boolean): Promise<void>;
  /** Lets the manager through the address filter. */
  allowManager(): Promise<void>;
}

export function createProvisioner(options: {
  readonly proof: ProofOptions;
  readonly random: Random;
  readonly binding: Applicant['binding'];
  readonly allowManager: () => Promise<void>;
  readonly pinJobKey: Provisioner['pinJobKey'];
}): Provisioner {
  const { proof, random, binding, allowManager, pinJobKey } = options;
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
      await installGeneration({ files, paths, material, meta });
      return meta;
    },
    jobKeyOf: ({ bundle, jobKeyRoots }) => ({
      offer: bundle.ext?.job_key ?? null,
      roots: jobKeyRoots.map((one) => one.pem).join(''),
    }),
    pinJobKey,
    allowManager,
  };
}
