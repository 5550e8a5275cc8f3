import type { KeyObject } from 'node:crypto';
import { isPatchError, messageOf } from '@linux-patch/contract';
import {
  CERTIFICATES_LIMIT_BYTES,
  type CertificateFacts,
  type CertificateText,
  parseCertificateDer,
  readCertificateText,
} from '../certificates.ts';
import { readPrivateKey, readPrivateKeyText } from '../keys.ts';
import type { Candidate, IdentityFile } from './candidate.ts';
import type { CheckId } from './checks.ts';
import type { Fault } from './finding.ts';

/** A candidate whose members could be parsed; none of them is checked against another. */
export interface ParsedCandidate {
  readonly cas: readonly CertificateFacts[];
  readonly leaf: CertificateFacts;
  readonly intermediates: readonly CertificateFacts[];
  readonly key: KeyObject;
}

/** What reading came to; `parsed` is undefined when a fault left nothing to go on with. */
export interface Reading {
  readonly parsed: ParsedCandidate | undefined;
  readonly faults: readonly Fault[];
}

const MEMBER_LIMIT_BYTES = 64 * 1024;
const TOTAL_LIMIT_BYTES = 256 * 1024;

/** Reads every member: existence, sizes, PEM, DER, key. */
export function readCandidate(candidate: Candidate): Reading {
  const { ca, certificate, key } = candidate;
  const missing = [ca, certificate, key].filter((file) => file.text === undefined).map((file) => file.path);
  if (missing.length > 0) return { parsed: undefined, faults: [missingFault(missing)] };
  const sizes = sizeFaults(candidate);
  if (sizes.some((fault) => fault.refuses === 'always')) return { parsed: undefined, faults: sizes };
  const faults: Fault[] = [...sizes];
  const read = (what: string, file: IdentityFile): CertificateFacts[] => {
    const result = readCertificates(what, file);
    faults.push(...result.faults);
    return result.certificates;
  };
  const cas = read('CA', ca);
  const [leaf, ...sent] = read('server certificate', certificate);
  const chain = candidate.chain?.text?.trim() ? read('CA chain', candidate.chain) : [];
  const keyObject = readKey(key, faults);
  if (cas.length === 0 || !leaf || !keyObject) return { parsed: undefined, faults };
  return { parsed: { cas, leaf, intermediates: [...sent, ...chain], key: keyObject }, faults };
}

function missingFault(paths: readonly string[]): Fault {
  const what =
    paths.length === 1 ? 'A file of the identity does' : `${paths.length} files of the identity do`;
  return { check: 'V0', message: `${what} not exist: ${paths.join(', ')}.`, paths };
}

function sizeFaults(candidate: Candidate): Fault[] {
  const members = [candidate.ca, candidate.certificate, candidate.key, candidate.chain, candidate.crl];
  const sized = members.flatMap((file) =>
    file?.text ? { ...file, bytes: Buffer.byteLength(file.text) } : [],
  );
  const total = sized.reduce((sum, file) => sum + file.bytes, 0);
  const tooLarge = sized.filter((file) => file.bytes > MEMBER_LIMIT_BYTES);
  const faults = tooLarge.map(({ path, bytes }): Fault => {
    const readable = path === candidate.crl?.path || bytes <= limitOf(path, candidate);
    const message = `${path} has ${bytes} bytes; no certificate or key file has more than ${MEMBER_LIMIT_BYTES}.`;
    return { check: 'V1', message, paths: [path], ...(readable ? {} : { refuses: 'always' }) };
  });
  if (faults.length > 0 || total <= TOTAL_LIMIT_BYTES) return faults;
  const message = `The set has ${total} bytes; at most ${TOTAL_LIMIT_BYTES} are accepted.`;
  return [{ check: 'V1', message, paths: sized.map((file) => file.path) }];
}

/** What the readers take at all. */
function limitOf(path: string, candidate: Candidate): number {
  return path === candidate.key.path ? MEMBER_LIMIT_BYTES : CERTIFICATES_LIMIT_BYTES;
}

function fault(check: CheckId, what: string, path: string, reason: string): Fault {
  return { check, message: `The ${what} file ${path} cannot be used: ${reason}.`, paths: [path] };
}

function reasonOf(error: unknown): string {
  const reason = isPatchError(error, 'CERT_CORRUPT') ? error.details['reason'] : undefined;
  return typeof reason === 'string' ? reason : messageOf(error);
}

function readCertificates(
  what: string,
  { path, text = '' }: IdentityFile,
): { readonly certificates: CertificateFacts[]; readonly faults: Fault[] } {
  let found: CertificateText;
  try {
    found = readCertificateText(text, what);
  } catch (error) {
    return { certificates: [], faults: [{ ...fault('V2', what, path, reasonOf(error)), refuses: 'always' }] };
  }
  const faults = found.oddities.map((oddity) => oddityFault('V2', what, path, oddity));
  const certificates: CertificateFacts[] = [];
  for (const [index, der] of found.ders.entries()) {
    try {
      certificates.push(parseCertificateDer(der));
    } catch (error) {
      const reason = reasonOf(error).replace('certificate 1 in it', `certificate ${index + 1} in it`);
      return { certificates: [], faults: [...faults, fault('V3', what, path, reason)] };
    }
  }
  return { certificates, faults };
}

/** What can be read all the same: refused when it is received, told when it is in use. */
function oddityFault(check: CheckId, what: string, path: string, oddity: string): Fault {
  return { check, message: `The ${what} file ${path} ${oddity}.`, paths: [path], refuses: 'install' };
}

function readKey({ path, text = '' }: IdentityFile, faults: Fault[]): KeyObject | undefined {
  const what = 'private key';
  try {
    const key = readPrivateKey(text);
    const { oddities } = readPrivateKeyText(text);
    faults.push(...oddities.map((oddity) => oddityFault('V10', what, path, oddity)));
    return key;
  } catch (error) {
    faults.push(fault('V10', what, path, reasonOf(error)));
    return undefined;
  }
}
