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
import type { Files } from '@linux-patch/runtime';
import { contextFault, type HandshakeNames, handshakeFaults } from './handshake.ts';
import {
  FILE_CHECKS,
  type FileCheckId,
  type FileFault,
  folderFaults,
  keyFileFaults,
} from './store/file-checks.ts';
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
}

export interface InspectOptions {
  readonly files: Files;
  readonly paths: CertificatePaths;
  /** The host's clock, milliseconds since the epoch. */
  readonly now: number;
  readonly thresholdDays: number;
  /** Names of this host, where they are known. */
  readonly expectedNames?: HandshakeNames | undefined;
  /** Which client certificate the manager calls with, where it is known. */
  readonly managerClient?: { readonly cn: string; readonly issuer_spki: string } | undefined;
  /** Also shakes hands on loopback, which takes some milliseconds. */
  readonly handshake?: boolean | undefined;
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

async function read(files: Files, path: string, limitBytes = SIZE_LIMIT_BYTES): Promise<IdentityFile> {
  try {
    return { path, text: await files.readTextLimited(path, limitBytes) };
  } catch (cause) {
    throw new Unreadable(path, cause);
  }
}

async function readCandidate(files: Files, paths: CertificatePaths): Promise<Candidate> {
  return {
    ca: await read(files, paths.ca),
    certificate: await read(files, paths.certificate),
    key: await read(files, paths.key),
    crl: await read(files, paths.crl, CRL_LIMIT_BYTES).catch(() => ({ path: paths.crl, text: undefined })),
  };
}

/** A file that exists but cannot be read counts as corrupt, so that the agent can replace it instead of ending. */
function unreadable({ path, message: reason }: Unreadable): IdentityInspection {
  const message = `${path} cannot be read: ${reason}. Check its owner and mode.`;
  const { name } = FILE_CHECKS.F4;
  const repair = CHECKS.V0.repair;
  return {
    status: { status: 'corrupt', code: 'CERT_CORRUPT', message, path },
    findings: [{ check: 'F4', name, severity: 'refuse', status: 'corrupt', message, repair, paths: [path] }],
  };
}

function fileFinding({ check, message, paths, repair }: FileFault): IdentityFinding {
  const { name } = FILE_CHECKS[check];
  return { check, name, severity: 'warn', status: 'untrusted', message, repair, paths };
}

/** V21, where everything before it allows the identity to be used. */
async function tlsFaults(
  candidate: Candidate,
  options: InspectOptions,
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
  if (!options.handshake) return [];
  const own = { fqdn: leaf?.dnsNames[0], ipAddress: leaf?.ipAddresses[0] };
  return handshakeFaults(files, options.expectedNames ?? own, [certificate.path, key.path]);
}

/** Judges the identity on disk by every check of the validator, and the files that hold it. */
export async function inspectIdentity(options: InspectOptions): Promise<IdentityInspection> {
  const { files, paths, now, thresholdDays, expectedNames, managerClient } = options;
  let candidate: Candidate;
  try {
    candidate = await readCandidate(files, paths);
  } catch (error) {
    if (error instanceof Unreadable) return unreadable(error);
    throw error;
  }
  const expected = { occasion: 'start', now, thresholdDays, expectedNames, managerClient } as const;
  const { status, findings, parsed } = validateIdentity(candidate, expected);
  const usable = status.status === 'valid' || status.status === 'expiring_soon';
  const tls = usable ? findingsOf(await tlsFaults(candidate, options, parsed?.leaf), 'start') : [];
  const refused = tls.find((finding) => finding.severity === 'refuse');
  const about = [...(await folderFaults(files, paths)), ...(await keyFileFaults(files, paths))];
  const all: IdentityFinding[] = [...findings, ...tls, ...about.map(fileFinding)];
  return {
    status: refused && 'facts' in status ? statusOfFinding(refused, status.facts) : status,
    findings: [
      ...all.filter((one) => one.severity === 'refuse'),
      ...all.filter((one) => one.severity === 'warn'),
    ],
  };
}
