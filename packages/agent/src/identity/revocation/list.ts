import { messageOf, PatchError } from '@linux-patch/contract';
import {
  type CertificateFacts,
  type CrlFacts,
  coversCertificate,
  coversManager,
  parseCertificates,
  parseCrl,
  verifyCrl,
} from '@linux-patch/pki';
import type { Files } from '@linux-patch/runtime';
import { type Material, readMaterial, resolvePaths } from '../store/material.ts';
import type { CertificatePaths } from '../store/paths.ts';

const CRL_MODE = 0o644;

/** A revocation list that a CA of this host signed. */
export interface AuthenticList extends CrlFacts {
  readonly pem: string;
}

/** The CAs that may sign this host's revocation list: the trusted ones, and those its own certificate brings along. */
type Trust = Pick<Material, 'caPem' | 'certificatePem'>;

/** `details.foreign` of `CRL_REFUSED`: no CA of this host signed it. */
function refused(why: string, { cause, foreign }: { cause?: unknown; foreign?: true } = {}): PatchError {
  return new PatchError('CRL_REFUSED', `The revocation list is not used: ${why}. The one in force stays.`, {
    ...(cause === undefined ? {} : { cause }),
    ...(foreign ? { details: { foreign } } : {}),
  });
}

/**
 * Reads a list that must be signed by a CA of this host, and be about those who call it.
 * @throws PatchError `CRL_REFUSED`
 */
export function readAuthentic(pem: string, trust: Trust): AuthenticList {
  let facts: CrlFacts;
  let authentic: boolean;
  try {
    facts = parseCrl(pem);
    const authorities = parseCertificates(`${trust.caPem.trimEnd()}\n${trust.certificatePem}`);
    authentic = authorities.some((one) => one.isCa && verifyCrl(pem, one.pem));
  } catch (cause) {
    throw refused(messageOf(cause).replace(/\.$/, ''), { cause });
  }
  if (!authentic)
    throw refused(`it names "${facts.issuer}" and is not signed by a CA of this host`, { foreign: true });
  if (!coversManager(facts.scope))
    throw refused('it is about other certificates only (issuing distribution point)');
  return { ...facts, pem };
}

/** The same without a failure. */
export function findAuthentic(pem: string | undefined, trust: Trust): AuthenticList | undefined {
  try {
    return pem === undefined ? undefined : readAuthentic(pem, trust);
  } catch {
    return undefined;
  }
}

/** Whether a list names a certificate; one that does not cover it says nothing about it. */
export function isNamed(list: CrlFacts, certificate: CertificateFacts): boolean {
  return list.serials.has(certificate.serialHex) && coversCertificate(list.scope, certificate);
}

/** This host's own certificate; undefined where it cannot be read. */
export function findOwn(material: Pick<Material, 'certificatePem'>): CertificateFacts | undefined {
  try {
    return parseCertificates(material.certificatePem)[0];
  } catch {
    return undefined;
  }
}

/** Whether `one` was made before `other`: by number where one CA gave both, because a clock may go back; else by date. */
export function isOlder(one: CrlFacts, other: CrlFacts): boolean {
  if (one.issuer === other.issuer && one.number !== undefined && other.number !== undefined) {
    return one.number < other.number;
  }
  return one.thisUpdateMs < other.thisUpdateMs;
}

/** Whether `next` would let it be forgotten that `present` names the host's own certificate. */
function forgetsOwn(next: CrlFacts, present: CrlFacts, own: CertificateFacts | undefined): boolean {
  return own !== undefined && isNamed(present, own) && !coversCertificate(next.scope, own);
}

/** Whether `next` must not take the place of `present`: it is older, or forgets the host's own certificate. */
export function isWorse(next: CrlFacts, present: CrlFacts, own: CertificateFacts | undefined): boolean {
  return isOlder(next, present) || forgetsOwn(next, present, own);
}

/** @throws PatchError `CRL_REFUSED` for a list that must not take the place of the present one */
export function refuseWorse(
  next: CrlFacts,
  present: CrlFacts | undefined,
  own: CertificateFacts | undefined,
): void {
  if (!present) return;
  if (isOlder(next, present))
    throw refused(`it is older than the one at hand (${nameOf(next)}, at hand ${nameOf(present)})`);
  if (forgetsOwn(next, present, own))
    throw refused("it says nothing about this host's own certificate, which the one at hand revokes");
}

/** What became of a list that came in. */
export interface TakenList {
  readonly list: AuthenticList;
  /** It is another one than before. */
  readonly changed: boolean;
}

/**
 * Puts an authentic list, not older than the one on disk, in its place.
 * @throws PatchError `CRL_REFUSED`; the system's own error when it cannot be written
 */
export async function storeList(
  { files, paths }: { readonly files: Files; readonly paths: CertificatePaths },
  pem: string,
): Promise<TakenList> {
  const current = await readMaterial(files, paths);
  const list = readAuthentic(pem, current);
  const before = findAuthentic(current.crlPem, current);
  refuseWorse(list, before, findOwn(current));
  if (before?.pem.trim() === pem.trim()) return { list, changed: false };
  const { crl } = await resolvePaths(files, paths);
  await files.writeDurably({ path: crl, data: pem, mode: CRL_MODE });
  return { list, changed: true };
}

function nameOf(list: CrlFacts): string {
  const made = `made ${new Date(list.thisUpdateMs).toISOString()}`;
  return list.number === undefined ? made : `number ${list.number}, ${made}`;
}
