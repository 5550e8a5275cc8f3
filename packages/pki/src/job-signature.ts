import type { SignedJob } from '@linux-patch/contract';
import { fromBase64url, toBase64url } from './base64url.ts';
import { readJobKey } from './job-key.ts';
import { readPrivateKey } from './keys.ts';
import { signBytes, verifyBytes } from './signatures.ts';

/** The values of the headers of a signed change. */
export interface JobSignature {
  /** What is signed beside the body, base64url of JSON. */
  readonly job: string;
  readonly signature: string;
}

/** Signs a change with a job key. */
export function signJob(privateKeyPem: string, job: SignedJob, body: Uint8Array): JobSignature {
  const header = Buffer.from(JSON.stringify(job), 'utf8');
  const signature = signBytes(readPrivateKey(privateKeyPem), signedBytes(header, body));
  return { job: toBase64url(header), signature: toBase64url(signature) };
}

/**
 * Whether the key signed exactly this.
 * @param header bytes of the JSON as they came
 */
export function isJobSignedBy(
  key: string,
  signed: { readonly header: Uint8Array; readonly signature: string; readonly body: Uint8Array },
): boolean {
  const signature = fromBase64url(signed.signature);
  return (
    signature !== undefined &&
    verifyBytes(readJobKey(key), signedBytes(signed.header, signed.body), signature)
  );
}

/** The length of the header, in decimal digits, keeps one byte from moving between header and body. */
function signedBytes(header: Uint8Array, body: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(`linux-patch-job-v1\n${header.length}\n`, 'utf8'), header, body]);
}
