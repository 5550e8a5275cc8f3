import { createPublicKey } from 'node:crypto';
import { isIP } from 'node:net';
import { spkiFingerprintOf } from '../fingerprints.ts';
import { canonicalIpAddress } from '../ip-address.ts';
import { readPublicKey } from '../keys.ts';
import type { Fault } from './finding.ts';
import type { Subject } from './subject.ts';

/** V11 and V19: whether the certificate is for the key, and whose key that is. */
export function keyFaults({ key, leaf, intermediates, candidate, expected }: Subject): Fault[] {
  const faults: Fault[] = [];
  const ours = createPublicKey(key);
  const { certificate } = candidate;
  const place = intermediates.findIndex((one) => ours.equals(readPublicKey(one.spki)));
  if (place >= 0 && !ours.equals(readPublicKey(leaf.spki))) {
    const message =
      `The first certificate in ${certificate.path} is "${leaf.subject}", and the private key in ${candidate.key.path} belongs to number ${place + 2} ` +
      `("${intermediates[place]?.subject}"): the certificate of the host comes first, the CAs behind it. Put it to the top of the file.`;
    faults.push({ check: 'V11', message, paths: [certificate.path, candidate.key.path] });
  } else if (!ours.equals(readPublicKey(leaf.spki))) {
    const message =
      `The private key in ${candidate.key.path} does not belong to the server certificate in ${certificate.path} ` +
      `(serial ${leaf.serialHex}): the key's public half is ` +
      `${spkiFingerprintOf(ours.export({ type: 'spki', format: 'der' }))}, the certificate's is ` +
      `${spkiFingerprintOf(leaf.spki)}.`;
    faults.push({ check: 'V11', message, paths: [candidate.key.path, certificate.path] });
  }
  if (expected.keyOrigin === 'host' && expected.foreignKeyPem) {
    const message = 'The manager sent a private key although this host made its own.';
    faults.push({ check: 'V19', message, paths: ['server_key'] });
  }
  return faults;
}

/** anyExtendedKeyUsage (RFC 5280 §4.2.1.12). */
const ANY_USAGE = '2.5.29.37.0';

/** V7 and V8: whether the certificate may serve. */
export function usageFaults({ leaf, candidate, name }: Subject): Fault[] {
  const paths = [candidate.certificate.path];
  const faults: Fault[] = [];
  if (leaf.isCa) {
    const message = `${name} is a CA certificate, which must not serve connections.`;
    faults.push({ check: 'V7', message, paths });
  }
  const usages = leaf.extendedKeyUsage;
  if (usages.length > 0 && !usages.includes('serverAuth')) {
    const message = usages.includes(ANY_USAGE)
      ? `${name} has the extended key usage "any", which TLS libraries do not take for a server; it needs serverAuth.`
      : `${name} may not be used by a server: it allows only ${usages.join(', ')}.`;
    faults.push({ check: 'V8', message, paths });
  }
  if (leaf.keyUsage?.includes('digitalSignature') === false) {
    const message = `${name} may not be used by a server: its key usage lacks digitalSignature, which TLS 1.3 needs.`;
    faults.push({ check: 'V8', message, paths, refuses: 'install' });
  }
  return faults;
}

/** V9: whether the certificate carries the names that it must carry. */
export function nameFaults(subject: Subject): Fault[] {
  const { leaf, expected, candidate, name } = subject;
  const { fqdn, ipAddress } = expected.expectedNames ?? {};
  const paths = [candidate.certificate.path];
  const dnsNames = leaf.dnsNames.map((one) => one.toLowerCase());
  const carried = [...dnsNames, ...leaf.ipAddresses].join(', ') || 'no names at all';
  if (carried === 'no names at all')
    return [{ check: 'V9', message: `${name} names no host and no address; peers refuse it.`, paths }];
  const faults: Fault[] = [];
  if (fqdn !== undefined && isIP(fqdn) === 0 && !dnsNames.includes(fqdn.toLowerCase())) {
    const message = `${name} does not name this host, ${fqdn}: it names ${carried}.`;
    faults.push({ check: 'V9', message, paths });
  }
  if (ipAddress !== undefined && !leaf.ipAddresses.includes(canonicalIpAddress(ipAddress))) {
    const message = `${name} does not name this host's address, ${ipAddress}: it names ${carried}.`;
    // Early builds of the older generation leave the address out; then the key is theirs, too.
    const refuses = expected.keyOrigin === 'manager' ? 'never' : 'install';
    faults.push({ check: 'V9', message, paths, refuses });
  }
  return faults;
}
