import { type DerValue, derChildren, expectTag, readDer, TAG } from './der.ts';
import { type Extensions, readExtensions, unknownCriticalExtensions } from './extensions.ts';

/** The parts of a certificate that node:crypto does not give in their exact bytes. */
interface CertificateParts {
  readonly serial: Uint8Array;
  readonly issuer: DerValue;
  readonly subject: DerValue;
  readonly spki: Uint8Array;
  readonly extensions: Extensions;
  /** OIDs of critical extensions that are not understood. */
  readonly unknownCritical: readonly string[];
}

/** Takes a DER certificate (RFC 5280 §4.1) apart. Throws RangeError when it is malformed. */
export function certificateParts(der: Uint8Array): CertificateParts {
  const [tbs] = derChildren(readDer(der));
  const fields = derChildren(tbs);
  const [serial, , issuer, , subject, spki] = fields[0]?.tag === 0xa0 ? fields.slice(1) : fields;
  const wrapper = fields.find((field) => field.tag === 0xa3);
  const extensions = wrapper && derChildren(wrapper, 0xa3)[0];
  return {
    serial: expectTag(serial, TAG.integer).content,
    issuer: expectTag(issuer, TAG.sequence),
    subject: expectTag(subject, TAG.sequence),
    spki: expectTag(spki, TAG.sequence).encoded,
    extensions: readExtensions(extensions),
    unknownCritical: unknownCriticalExtensions(extensions),
  };
}

/** The SubjectPublicKeyInfo of a DER certificate, byte for byte. */
export function certificateSpki(der: Uint8Array): Uint8Array {
  return certificateParts(der).spki;
}
