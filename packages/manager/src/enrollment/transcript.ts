import { EnrollExtension, PatchError } from '@linux-patch/contract';
import { type EnrollmentTranscript, transcriptHash } from '@linux-patch/pki';
import type { EnrollmentRow } from '../database/schema.ts';
import { readStored } from '../database/stored-json.ts';

/** The extension for a listing, in which one that cannot be read hides nothing else. */
export function shownExtension(row: Pick<EnrollmentRow, 'extension'>): EnrollExtension | undefined {
  return row.extension === null
    ? undefined
    : readStored(EnrollExtension.optional(), row.extension, undefined);
}

/**
 * The extension of a stored request; undefined for agents of the older generation.
 * @throws PatchError `JOB_CONFLICT` when it cannot be read
 */
export function extensionOf(row: Pick<EnrollmentRow, 'extension'>): EnrollExtension | undefined {
  const extension = shownExtension(row);
  if (extension !== undefined || row.extension === null) return extension;
  throw new PatchError(
    'JOB_CONFLICT',
    'What is stored of this request cannot be read, so nobody can check it. Deny it; the host asks again by itself.',
  );
}

/** H(T) of a stored request: built from the stored members, so that nobody can have changed them since. */
export function storedTranscriptHash(
  row: Pick<EnrollmentRow, 'machine_id' | 'fqdn' | 'ip_address' | 'hostname' | 'spki_sha256'>,
  extension: EnrollExtension,
): Uint8Array {
  const transcript: EnrollmentTranscript = {
    v: 1,
    machine_id: row.machine_id,
    fqdn: row.fqdn,
    ip_address: row.ip_address,
    hostname: row.hostname ?? '',
    spki_sha256: row.spki_sha256 ?? '',
    nonce_a: extension.nonce_a,
  };
  return transcriptHash(transcript);
}
