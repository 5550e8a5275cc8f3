import { messageOf } from '@linux-patch/contract';
import { type IdentityStatus, parseCertificates } from '@linux-patch/pki';
import { differingFacts, isOtherHost, readHostBinding } from '@linux-patch/worker';
import { identityProblems } from '../../health/problems.ts';
import { storedIdentityState } from '../../health/stored.ts';
import { readFqdn } from '../../host/host-name.ts';
import { createIdentity, type Identity, isUsable } from '../../identity/identity.ts';
import type { IdentityInspection } from '../../identity/inspect.ts';
import { resolvePaths } from '../../identity/store/material.ts';
import type { CertificatePaths } from '../../identity/store/paths.ts';
import type { Finding } from '../finding.ts';
import type { DoctorCode } from '../table.ts';
import { type DoctorHost, type DoctorPlace, managerUrlOf } from './host.ts';
import { reloadRepair, restoreRepair, wordsForRunning } from './store.ts';

/** What is used of the place and of what is known of the host. */
type At = Pick<DoctorPlace, 'root' | 'files' | 'commands' | 'network' | 'clock' | 'paths' | 'signal'>;
type Known = Pick<DoctorHost, 'config' | 'place' | 'inspection' | 'enrollment' | 'trail' | 'agents'>;

function codeOfPath(
  path: string | undefined,
  paths: CertificatePaths,
  codes: { readonly ca: DoctorCode; readonly certificate: DoctorCode; readonly key: DoctorCode },
): DoctorCode {
  if (path === paths.ca) return codes.ca;
  return path === paths.key ? codes.key : codes.certificate;
}

/** Which state an identity that cannot be used is in; undefined for one that can. */
export function codeOfIdentity(identity: IdentityStatus, paths: CertificatePaths): DoctorCode | undefined {
  switch (identity.status) {
    case 'missing':
      return identity.paths.length === 3
        ? 'IDENTITY_MISSING'
        : codeOfPath(identity.paths[0], paths, {
            ca: 'CA_MISSING',
            certificate: 'CERT_MISSING',
            key: 'KEY_MISSING',
          });
    case 'corrupt':
      return codeOfPath(identity.path, paths, {
        ca: 'CA_CORRUPT',
        certificate: 'CERT_CORRUPT',
        key: 'KEY_CORRUPT',
      });
    case 'expired':
      // A certificate never outlives its CA, so what ends together ends because of the CA.
      return identity.facts.caNotAfterMs <= identity.facts.notAfterMs ? 'CA_EXPIRED' : 'CERT_EXPIRED';
    case 'not_yet_valid':
      return 'CERT_NOT_YET_VALID';
    case 'key_mismatch':
      return 'KEY_MISMATCH';
    case 'untrusted':
      return identity.code === 'CERT_UNSUITABLE' ? 'CERT_UNSUITABLE' : 'CERT_UNTRUSTED';
    case 'expiring_soon':
      return 'CERT_EXPIRING_SOON';
    case 'valid':
      return undefined;
  }
}

/** The identity: itself, its names, its renewal, and what the revocation list says. */
export async function checkIdentityFiles(at: At, host: Known): Promise<Finding[]> {
  const { inspection, place, config } = host;
  const { status: identity, set } = inspection;
  if (!config.tls.enabled) return [];
  const findings: Finding[] = [];
  const code = codeOfIdentity(identity, place.paths);
  // A host that asks to join has no certificates yet, and a host without a manager is told so.
  const explained =
    code === 'IDENTITY_MISSING' &&
    (host.enrollment.pending !== undefined || config.enrollment.manager_url === undefined);
  if (code !== undefined && !explained) {
    const repair = (await restoreRepair(host)) ?? reloadRepair(at, host);
    const words = wordsForRunning(host);
    const detail = `${identity.message}${checkName(inspection)}`;
    findings.push({ code, detail, ...(words ? { words } : {}), ...(repair ? { repair } : {}) });
  }
  if (!isUsable(identity) || !set) return findings;
  const stored = createIdentity(set);
  return [
    ...findings,
    ...flaws(inspection),
    ...(await checkOwner(at, host)),
    ...(await checkNames(at, host, stored)),
    ...(await checkState(at, host, stored)),
  ];
}

/** Whether the identity was made on this host. */
async function checkOwner(at: At, { inspection }: Known): Promise<Finding[]> {
  const recorded = inspection.meta.host;
  if (!recorded) return [];
  const present = await readHostBinding(at);
  if (!isOtherHost(recorded, present)) return [];
  const differ = differingFacts(recorded, present).join(' and ');
  return [{ code: 'IDENTITY_OF_OTHER_HOST', detail: `Since it was made the ${differ} have changed.` }];
}

/** The check of the validator that refuses the identity. */
function checkName({ findings }: IdentityInspection): string {
  const refusing = findings.find((one) => one.severity === 'refuse');
  return refusing ? ` [${refusing.check} ${refusing.name}]` : '';
}

/** Checks that have codes of their own here: names, revocation list, files. */
const TOLD_ELSEWHERE = /^(V9|V17|F\d)$/;

/** What the validator would refuse before an install and lets be in use. */
function flaws({ findings }: IdentityInspection): Finding[] {
  const all = findings.filter((one) => one.severity === 'warn' && !TOLD_ELSEWHERE.test(one.check));
  return all.map((one) => ({ code: 'CERT_FLAWED', detail: `${one.message} [${one.check} ${one.name}]` }));
}

async function checkNames(at: At, host: Known, { material }: Identity): Promise<Finding[]> {
  const [leaf] = parseCertificates(material.certificatePem);
  const managerUrl = managerUrlOf(host);
  // Copied certificates carry what their maker chose; they are judged only where a manager issued them.
  if (!leaf || !managerUrl || host.inspection.meta.trust === 'manual') return [];
  const { enrollment } = host.config;
  const fqdn = await readFqdn(at).catch(() => undefined);
  const names = leaf.dnsNames.map((name) => name.toLowerCase());
  const findings: Finding[] = [];
  if (fqdn !== undefined && !names.includes(fqdn)) {
    const detail = `The host is called ${fqdn}; the certificate names ${names.join(', ') || 'nobody'}.`;
    findings.push({ code: 'CERT_WRONG_NAME', detail });
  }
  const own = [enrollment.report_ip, ...at.network.addresses().map((one) => one.address)];
  if (leaf.ipAddresses.length > 0 && !leaf.ipAddresses.some((address) => isOwn(address, own))) {
    const detail = `The certificate names ${leaf.ipAddresses.join(', ')}, which this host does not have.`;
    findings.push({ code: 'CERT_WRONG_ADDRESS', detail });
  }
  return findings;
}

/** Every address of 127.0.0.0/8 is this host's, whether an interface names it or not. */
function isOwn(address: string, own: readonly (string | undefined)[]): boolean {
  return own.includes(address) || address.startsWith('127.');
}

/** What health says about it as well, with what the doctor can mend. */
async function checkState({ files, paths }: At, host: Known, stored: Identity): Promise<Finding[]> {
  const { trail, place } = host;
  const managerUrl = managerUrlOf(host)?.href;
  const sources = { place, dataFolder: paths.dataFolder, trail, managerUrl };
  const state = await storedIdentityState(stored, sources);
  const { crl: path } = await resolvePaths(files, place.paths);
  const repair = async (): Promise<void> => {
    // An empty list counts as none, and the agent fetches a new one at its next look.
    await files.writeDurably({ path, data: '', mode: 0o644 });
  };
  return identityProblems(state).flatMap(({ code, message }): Finding[] => {
    if (code === undefined) return [];
    if (!code.startsWith('CRL_')) return [{ code, detail: message }];
    const finding = { code, detail: `${path}: ${message}`, words: { path } };
    return [code === 'CRL_UNREADABLE' || code === 'CRL_FOREIGN' ? { ...finding, repair } : finding];
  });
}

/** A revocation list that is no file keeps the whole set from being read. */
export async function checkCrlFile(
  { files }: Pick<At, 'files'>,
  { place }: Pick<Known, 'place'>,
): Promise<Finding[]> {
  const { crl: path } = await resolvePaths(files, place.paths);
  try {
    await files.readText(path);
    return [];
  } catch (error) {
    const repair = (): Promise<void> => files.remove(path);
    return [
      {
        code: 'CRL_UNREADABLE',
        detail: `${path}: ${messageOf(error)}`,
        words: { path },
        severity: 'error',
        repair,
      },
    ];
  }
}
