import { type HostJobKey, PatchError, SignedJob } from '@linux-patch/contract';
import { isJobSignedBy, jobKeyFingerprint } from '@linux-patch/pki';
import type { Pin } from './pinned-key.ts';

/** A request for a change as it came; nothing of its body has been parsed. */
export interface ChangeRequest {
  /** Method, path and query. */
  readonly line: string;
  readonly body: Uint8Array;
  /** Value of `Idempotency-Key`. */
  readonly idempotencyKey: string | undefined;
  /** Values of the headers of a signed change. */
  readonly job: string | undefined;
  readonly signature: string | undefined;
}

/** Who this host is. */
export interface SignedFor {
  /** Names and addresses for which its manager certified it, lower case. */
  readonly names: readonly string[];
  readonly instanceId: string;
}

/** Larger than the JSON of any signed change. */
const LIMIT_CHARACTERS = 12_288;

/**
 * The challenge that a signature is over, when it is one by the pinned key over this very request; undefined where none is
 * pinned, or the request carries none. Whether the challenge is good is still to be seen.
 *
 * @throws PatchError `SIGNATURE_INVALID` for a signature that does not fit, `INSTANCE_MISMATCH` for one that is meant for
 *   another instance
 */
export function verifyChange(
  pin: HostJobKey & Partial<Pin>,
  request: ChangeRequest,
  own: SignedFor,
): { readonly challenge: string } | undefined {
  if (pin.pinned === null) return undefined;
  if (request.job === undefined && request.signature === undefined) return undefined;
  const header = readHeader(request);
  const job = parseJob(header);
  if (jobKeyFingerprint(job.key) !== pin.pinned) throw otherKey(pin, job.key);
  const signature = request.signature ?? '';
  if (!isJobSignedBy(job.key, { header, signature, body: request.body })) {
    throw invalid(
      'does not fit: the request was changed on the way, or its sender does not have the key that it names',
    );
  }
  if (!own.names.includes(job.host.toLowerCase()))
    throw invalid(`is for ${job.host}, and this host is ${own.names.join(', ') || 'nobody'}`);
  if (job.instance.toLowerCase() !== own.instanceId) throw otherInstance(job.instance, own.instanceId);
  if (job.op !== request.line) throw invalid(`is for "${job.op}"`);
  if (job.idem !== request.idempotencyKey)
    throw invalid('is for another Idempotency-Key than the request has');
  return { challenge: job.challenge };
}

function readHeader({ job = '' }: ChangeRequest): Buffer {
  const header = Buffer.from(job.length > LIMIT_CHARACTERS ? '' : job, 'base64url');
  if (header.length === 0 || header.toString('base64url') !== job)
    throw invalid('comes without what it is over, or with something that cannot be read');
  return header;
}

function parseJob(header: Buffer): SignedJob {
  try {
    return SignedJob.parse(JSON.parse(header.toString('utf8')));
  } catch (cause) {
    throw invalid('is over something that this agent does not know', cause);
  }
}

function otherKey({ pinned, replaced }: HostJobKey & Partial<Pin>, key: string): PatchError {
  const shown = jobKeyFingerprint(key);
  if (replaced?.includes(shown))
    return invalid(
      `is by the key ${shown}, and ${pinned} took its place on this host. A manager that was set back to an older backup has that key, and so has whoever stole one. ` +
        'Only root of this host can let it count again (linux-patch-api trust-job-key), and should know first which of the two it is',
    );
  return invalid(
    `is by the key ${shown}, and this host takes changes only from ${pinned}. If the first is what "linux-patch-manager job-key show" says on its manager, ` +
      `then as root on this host: linux-patch-api trust-job-key ${shown}`,
  );
}

function invalid(what: string, cause?: unknown): PatchError {
  return new PatchError('SIGNATURE_INVALID', `The signature ${what}. Nothing was done.`, { cause });
}

function otherInstance(meant: string, instanceId: string): PatchError {
  return new PatchError(
    'INSTANCE_MISMATCH',
    `The signature is for the agent with the instance id ${meant}; this is ${instanceId}. The host was set up anew, its disk was copied, ` +
      'or another machine has its address. Nothing was done.',
    { details: { instance_id: instanceId } },
  );
}
