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

/** Whether an authentic list on disk names this host's own certificate. */
export function isOwnRevoked(material: Material): boolean {
  const list = findAuthentic(material.crlPem, material);
  const own = findOwn(material);
  return own !== undefined && list !== undefined && isNamed(list, own);
}

/** Whether `next` would let it be forgotten that `present` names the host's own certificate. */
export function forgetsOwn(next: CrlFacts, present: CrlFacts, own: CertificateFacts | undefined): boolean {
  return own !== undefined && isNamed(present, own) && !coversCertificate(next.scope, own);
}

/** Whether `one` was made before `other`: by number where one CA gave both, because a clock may go back; else by date. */
export function isOlder(one: CrlFacts, other: CrlFacts): boolean {
  if (one.issuer === other.issuer && one.number !== undefined && other.number !== undefined) {
    return one.number < other.number;
  }
  return one.thisUpdateMs < other.thisUpdateMs;
}

/** What became of a list that came in. */
export interface TakenList {
  readonly list: AuthenticList;
  /** It is another one than before. */
  readonly changed: boolean;
}

/** The revocation list on disk. */
export interface ListStore {
  /**
   * Puts an authentic list, not older than the present one, in its place.
   * @throws PatchError `CRL_REFUSED`; the system's own error when it cannot be written
   */
  take(pem: string): Promise<TakenList>;
}

/** One list at a time, so that a list that comes in while another is fetched is never replaced by an older one. */
export function openListStore(files: Files, paths: CertificatePaths): ListStore {
  let queue: Promise<unknown> = Promise.resolve();
  const take = async (pem: string): Promise<TakenList> => {
    const current = await readMaterial(files, paths);
    const list = readAuthentic(pem, current);
    const before = findAuthentic(current.crlPem, current);
    if (before && isOlder(list, before)) {
      throw refused(`it is older than the one at hand (${nameOf(list)}, at hand ${nameOf(before)})`);
    }
    if (before && forgetsOwn(list, before, findOwn(current))) {
      throw refused("it says nothing about this host's own certificate, which the one at hand revokes");
    }
    if (before?.pem.trim() === pem.trim()) return { list, changed: false };
    const { crl } = await resolvePaths(files, paths);
    await files.writeDurably({ path: crl, data: pem, mode: CRL_MODE });
    return { list, changed: true };
  };
  return {
    take(pem) {
      const result = queue.then(() => take(pem));
      queue = result.catch(() => undefined);
      return result;
    },
  };
}

function nameOf(list: CrlFacts): string {
  const made = `made ${new Date(list.thisUpdateMs).toISOString()}`;
  return list.number === undefined ? made : `number ${list.number}, ${made}`;
}
