import { messageOf } from '@linux-patch/contract';
import {
  type Candidate,
  type CertificateFacts,
  CHECKS,
  type Fault,
  type Finding,
  findingsOf,
  type IdentityFile,
  type IdentityStatus,
  plainCertificates,
  plainPrivateKey,
  statusOfFinding,
  validateIdentity,
} from '@linux-patch/pki';
import type { Clock, Files } from '@linux-patch/runtime';
import { contextFault, handshakeFaults } from './handshake.ts';
import { isUsable, type ReadIdentity } from './identity.ts';
import {
  FILE_CHECKS,
  type FileCheckId,
  type FileFault,
  folderFaults,
  keyFileFaults,
} from './store/file-checks.ts';
import { type IdentityMeta, MANUAL_IDENTITY, readIdentityMeta } from './store/identity-meta.ts';
import { type Material, resolvePaths } from './store/material.ts';
import type { CertificatePaths } from './store/paths.ts';

/** What one check found, of the certificates (`V…`) or of the files that hold them (`F…`). */
export interface IdentityFinding extends Omit<Finding, 'check'> {
  readonly check: Finding['check'] | FileCheckId;
}

/** The identity on disk, seen by every check. */
export interface IdentityInspection {
  /** One word for it: existence, parsing, dates, key match, CA trust; the first that fails. */
  readonly status: IdentityStatus;
  /** Everything that was found, what refuses first; empty when nothing is wrong. */
  readonly findings: readonly IdentityFinding[];
  readonly meta: IdentityMeta;
  /** The complete set that was judged; undefined where a file of it is missing, or it or its notes cannot be read. */
  readonly set: ReadIdentity | undefined;
}

/** Where an identity lies, and by what it is judged. */
export interface InspectedPlace {
  readonly files: Files;
  readonly paths: CertificatePaths;
  readonly clock: Pick<Clock, 'now'>;
  readonly thresholdDays: number;
}

/** A certificate file larger than this is not one. */
const SIZE_LIMIT_BYTES = 512 * 1024;
/** Room for a list of some 200,000 serial numbers. */
const CRL_LIMIT_BYTES = 16 * 1024 * 1024;

class Unreadable extends Error {
  readonly path: string;

  constructor(path: string, cause: unknown) {
    super(messageOf(cause), { cause });
    this.path = path;
  }
}

/**
 * Reads everything from one generation, so that a set that is swapped meanwhile never mixes with the old one. What is told
 * about names the configured paths.
 */
async function readSet(files: Files, paths: CertificatePaths) {
  const from = await resolvePaths(files, paths).catch((cause: unknown) => {
    throw new Unreadable(paths.certificate, cause);
  });
  const read = async (
    which: keyof CertificatePaths,
    limitBytes = SIZE_LIMIT_BYTES,
  ): Promise<IdentityFile> => {
    const path = paths[which];
    try {
      return { path, text: await files.readTextLimited(from[which], limitBytes) };
    } catch (cause) {
      throw new Unreadable(path, cause);
    }
  };
  const candidate = { ca: await read('ca'), certificate: await read('certificate'), key: await read('key') };
  const crl = await read('crl', CRL_LIMIT_BYTES).catch(() => undefined);
  return {
    candidate: { ...candidate, crl: crl ?? { path: paths.crl, text: undefined } },
    // A list that is no file keeps the set from being used.
    material: crl && materialOf(candidate, crl),
  };
}

function materialOf(set: Omit<Candidate, 'crl' | 'chain'>, crl: IdentityFile): Material | undefined {
  const [ca, certificate, key] = [set.ca.text, set.certificate.text, set.key.text];
  if (ca === undefined || certificate === undefined || key === undefined) return undefined;
  return {
    caPem: plainCertificates(ca),
    certificatePem: plainCertificates(certificate),
    keyPem: plainPrivateKey(key),
    crlPem: crl.text?.trim() ? crl.text : undefined,
  };
}

/** A file that exists but cannot be read counts as corrupt, so that the agent can replace it instead of ending. */
function unreadable({ path, message: reason }: Unreadable): Omit<IdentityInspection, 'meta'> {
  const message = `${path} cannot be read: ${reason}. Check its owner and mode.`;
  const { name } = FILE_CHECKS.F4;
  const repair = CHECKS.V0.repair;
  return {
    status: { status: 'corrupt', code: 'CERT_CORRUPT', message, path },
    findings: [{ check: 'F4', name, severity: 'refuse', status: 'corrupt', message, repair, paths: [path] }],
    set: undefined,
  };
}

function fileFinding({ check, message, paths, repair }: FileFault): IdentityFinding {
  const { name } = FILE_CHECKS[check];
  return { check, name, severity: 'warn', status: 'untrusted', message, repair, paths };
}

/** V21, where everything before it allows the identity to be used. */
async function tlsFaults(
  candidate: Candidate,
  handshake: boolean,
  leaf: CertificateFacts | undefined,
): Promise<Fault[]> {
  const { ca, certificate, key } = candidate;
  const files = {
    caPem: plainCertificates(ca.text ?? ''),
    certificatePem: plainCertificates(certificate.text ?? ''),
    keyPem: plainPrivateKey(key.text ?? ''),
  };
  const fault = contextFault(files, [ca.path, certificate.path, key.path]);
  if (fault) return [fault];
  if (!handshake) return [];
  const own = { fqdn: leaf?.dnsNames[0], ipAddress: leaf?.ipAddresses[0] };
  return handshakeFaults(files, own, [certificate.path, key.path]);
}

/**
 * Judges the identity on disk by every check of the validator, and the files that hold it.
 * @param by `handshake` also shakes hands on loopback, which takes some milliseconds
 */
export async function inspectIdentity(
  { files, paths, clock, thresholdDays }: InspectedPlace,
  by = { handshake: false },
): Promise<IdentityInspection> {
  const now = clock.now();
  const noted = await readIdentityMeta(files, paths).catch(() => undefined);
  const meta = noted ?? MANUAL_IDENTITY;
  let set: Awaited<ReturnType<typeof readSet>>;
  try {
    set = await readSet(files, paths);
  } catch (error) {
    if (error instanceof Unreadable) return { ...unreadable(error), meta };
    throw error;
  }
  const { candidate, material } = set;
  const managerClient = meta.manager_client ?? undefined;
  const expected = { occasion: 'start', now, thresholdDays, managerClient } as const;
  const { status, findings, parsed } = validateIdentity(candidate, expected);
  const tls = isUsable(status)
    ? findingsOf(await tlsFaults(candidate, by.handshake, parsed?.leaf), 'start')
    : [];
  const refused = tls.find((finding) => finding.severity === 'refuse');
  const about = [...(await folderFaults(files, paths)), ...(await keyFileFaults(files, paths))];
  const all: IdentityFinding[] = [...findings, ...tls, ...about.map(fileFinding)];
  const judged = refused && 'facts' in status ? statusOfFinding(refused, status.facts) : status;
  return {
    status: judged,
    findings: [
      ...all.filter((one) => one.severity === 'refuse'),
      ...all.filter((one) => one.severity === 'warn'),
    ],
    meta,
    set: noted && material && { material, meta, status: judged },
  };
}
