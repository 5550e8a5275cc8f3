import { X509Certificate } from 'node:crypto';
import type { CertificateFacts } from '../certificates.ts';
import { matchesFingerprint } from '../fingerprints.ts';
import { isAllowedKey, readPublicKey } from '../keys.ts';
import type { Fault } from './finding.ts';
import { pathOf, type Subject } from './subject.ts';

/** V4: whether what was given as a CA is one. */
export function authorityFaults({ cas, candidate }: Subject): Fault[] {
  const paths = [candidate.ca.path];
  return cas.flatMap((one): Fault[] => {
    const reason = authorityFault(one);
    const message = `The CA certificate in ${candidate.ca.path} ("${one.subject}", serial ${one.serialHex}) ${reason}.`;
    return reason === undefined ? [] : [{ check: 'V4', message, paths }];
  });
}

function authorityFault(one: CertificateFacts): string | undefined {
  if (one.keyUsage?.includes('keyCertSign') === false) return 'may not sign certificates (its key usage)';
  if (!one.isCa) return 'is not a CA certificate';
  if (one.subject !== one.issuer || one.selfSigned) return undefined;
  const certificate = new X509Certificate(one.der);
  // A new key that the old one of the same name signed, as in a rotation, is issued by another key than its own.
  return certificate.checkIssued(certificate) ? 'is not signed by its own key' : undefined;
}

/** V5: whether the CA is the pinned one. */
export function pinFaults({ cas, candidate, expected }: Subject): Fault[] {
  const { caFingerprint } = expected;
  if (caFingerprint === undefined || cas.some((one) => matchesFingerprint(one.pem, caFingerprint))) return [];
  const message = `The CA in ${candidate.ca.path} is not the one that enrollment.ca_fingerprint names; it is "${cas[0]?.subject}".`;
  return [{ check: 'V5', message, paths: [candidate.ca.path] }];
}

/** V18: signatures that can be forged. The signature of a root proves nothing and does not count. */
export function signatureFaults(subject: Subject): Fault[] {
  const { leaf, intermediates, cas } = subject;
  const weak = [leaf, ...intermediates, ...cas].filter(
    (one) => !one.selfSigned && /md5|sha1/i.test(one.signatureAlgorithm),
  );
  return weak.map((one) => {
    const path = pathOf(subject, one);
    const message = `The certificate "${one.subject}" (serial ${one.serialHex}) in ${path} is signed with ${one.signatureAlgorithm}, which can be forged.`;
    return { check: 'V18', message, paths: [path] };
  });
}

/** V6: whether there is a chain, and whether somebody who reads it strictly would accept it. */
export function chainFaults(subject: Subject): Fault[] {
  const { chain, candidate, leaf, facts, name } = subject;
  if (!chain) {
    const message =
      `${name} does not chain to a CA in ${candidate.ca.path}: ${subject.noChainReason}. ` +
      `Its issuer is "${leaf.issuer}", its fingerprint ${facts.fingerprint}.`;
    return [{ check: 'V6', message, paths: [candidate.certificate.path, candidate.ca.path] }];
  }
  return chain
    .filter((one) => one.unknownCritical.length > 0)
    .map((one) => {
      const path = pathOf(subject, one);
      const message = `The certificate "${one.subject}" (serial ${one.serialHex}) in ${path} has a critical extension that nobody here understands, so TLS peers refuse it.`;
      return { check: 'V6', message, paths: [path], refuses: 'install' };
    });
}

/** V12: weak and unknown keys; one of a CA that is not in the chain does no harm. */
export function algorithmFaults(subject: Subject): Fault[] {
  const { leaf, chain, cas, expected } = subject;
  const received = expected.occasion === 'install' ? cas : [];
  const looked = new Set([leaf, ...(chain?.slice(1) ?? []), ...received]);
  return [...looked]
    .filter((one) => !isAllowedKey(readPublicKey(one.spki)))
    .map((one): Fault => {
      const path = pathOf(subject, one);
      const role = one === leaf ? subject.name : `The CA certificate "${one.subject}" in ${path}`;
      const message = `${role} uses a ${one.publicKeyAlgorithm} key; use EC P-256, EC P-384, Ed25519 or RSA (not RSA-PSS) of 2048 to 8192 bits.`;
      return { check: 'V12', message, paths: [path], ...(one === leaf ? {} : { refuses: 'install' }) };
    });
}
