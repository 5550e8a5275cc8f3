import type { Bundle } from '@linux-patch/contract';
import {
  equalTags,
  managerApprovedTag,
  managerDeniedTag,
  stretchHostCode,
  transcriptHash,
} from '@linux-patch/pki';
import { type PendingEnrollment, transcriptOf } from '../state/pending.ts';

/**
 * By which shared secret the manager's MAC over everything it sent is right: the host code, or the join token; `wrong`
 * when it is not, undefined when it sent none.
 */
export async function approvalMacBy(
  bundle: Bundle,
  pending: PendingEnrollment,
): Promise<'code' | 'token' | 'wrong' | undefined> {
  const { ext } = bundle;
  if (!ext?.tag_m || pending.nonce_m === null) return undefined;
  const by = ext.tag_by ?? 'code';
  const key = await keyOf(by, pending);
  if (!key) return 'wrong';
  const expected = managerApprovedTag(key, {
    transcriptHash: transcriptHash(transcriptOf(pending)),
    nonceM: pending.nonce_m,
    serverCrt: bundle.server_crt,
    caCrt: bundle.ca_crt,
    caChain: bundle.ca_chain,
    crlPem: bundle.crl_pem,
    managerClient: ext.manager_client,
  });
  return equalTags(expected, ext.tag_m) ? by : 'wrong';
}

async function keyOf(by: 'code' | 'token', pending: PendingEnrollment): Promise<Uint8Array | undefined> {
  if (by === 'code') return stretchHostCode(pending.host_code, pending.nonce_a);
  return pending.join_token === null ? undefined : Buffer.from(pending.join_token.key, 'base64url');
}

/** Whether a refusal was made by somebody who knows the host code; without one anybody could have sent it. */
export async function denialMacIsRight(
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
