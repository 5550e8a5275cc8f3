import { EnrollExtension } from '@linux-patch/contract';
import { type EnrollmentTranscript, transcriptHash } from '@linux-patch/pki';
import type { EnrollmentRow } from '../database/schema.ts';

/** The extension of a stored request; undefined for agents of the older generation. */
export function extensionOf(row: Pick<EnrollmentRow, 'extension'>): EnrollExtension | undefined {
  return row.extension === null ? undefined : EnrollExtension.parse(JSON.parse(row.extension));
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
