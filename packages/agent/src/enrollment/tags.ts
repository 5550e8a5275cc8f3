import type { Bundle } from '@linux-patch/contract';
import {
  equalTags,
  managerApprovedTag,
  managerDeniedTag,
  stretchHostCode,
  transcriptHash,
} from '@linux-patch/pki';
import { type PendingEnrollment, transcriptOf } from './pending.ts';

/** Whether the manager's MAC over everything it sent is right; undefined when it sent none. */
export async function approvedTagIsRight(
  bundle: Bundle,
  pending: PendingEnrollment,
): Promise<boolean | undefined> {
  const { ext } = bundle;
  if (!ext?.tag_m || pending.nonce_m === null) return undefined;
  const key = await stretchHostCode(pending.host_code, pending.nonce_a);
  const expected = managerApprovedTag(key, {
    transcriptHash: transcriptHash(transcriptOf(pending)),
    nonceM: pending.nonce_m,
    serverCrt: bundle.server_crt,
    caCrt: bundle.ca_crt,
    caChain: bundle.ca_chain,
    crlPem: bundle.crl_pem,
    managerClient: ext.manager_client,
  });
  return equalTags(expected, ext.tag_m);
}

/** Whether a refusal was made by somebody who knows the host code; without one anybody could have sent it. */
export async function deniedTagIsRight(
  pending: PendingEnrollment,
  denial: { readonly tag?: string | undefined; readonly signedReason?: string | undefined },
): Promise<boolean> {
  if (denial.tag === undefined || pending.nonce_m === null) return false;
  const key = await stretchHostCode(pending.host_code, pending.nonce_a);
  const expected = managerDeniedTag(key, {
    transcriptHash: transcriptHash(transcriptOf(pending)),
    nonceM: pending.nonce_m,
    reason: denial.signedReason,
  });
  return equalTags(expected, denial.tag);
}
