import type { Bundle } from '@linux-patch/contract';
import { equalTags, managerApprovedTag, managerDeniedTag, transcriptHash } from '@linux-patch/pki';
import { type PendingEnrollment, transcriptOf } from '../state/pending.ts';

/** The request that an answer is said to be for. */
export interface AskedRequest {
  readonly pending: PendingEnrollment;
  /** What is derived from its host code. */
  codeKey(): Promise<Uint8Array>;
}

/**
 * By which shared secret the manager's MAC over everything it sent is right: the host code, or the join token; `wrong`
 * when it is not, undefined when it sent none.
 */
export async function approvalMacBy(
  bundle: Bundle,
  request: AskedRequest,
): Promise<'code' | 'token' | 'wrong' | undefined> {
  const { ext } = bundle;
  const { pending } = request;
  if (!ext?.tag_m || pending.nonce_m === null) return undefined;
  const by = ext.tag_by ?? 'code';
  const key = await keyOf(by, request);
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

async function keyOf(by: 'code' | 'token', request: AskedRequest): Promise<Uint8Array | undefined> {
  if (by === 'code') return request.codeKey();
  const { pending } = request;
  return pending.join_token === null ? undefined : Buffer.from(pending.join_token.key, 'base64url');
}

/** Whether a refusal was made by somebody who knows the host code; without one anybody could have sent it. */
export async function denialMacIsRight(
  request: AskedRequest,
  denial: { readonly tag?: string | undefined; readonly signedReason?: string | undefined },
): Promise<boolean> {
  const { pending } = request;
  if (denial.tag === undefined || pending.nonce_m === null) return false;
  const key = await request.codeKey();
  const expected = managerDeniedTag(key, {
    transcriptHash: transcriptHash(transcriptOf(pending)),
    nonceM: pending.nonce_m,
    reason: denial.signedReason,
  });
  return equalTags(expected, denial.tag);
}
