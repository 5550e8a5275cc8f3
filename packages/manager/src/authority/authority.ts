import { MANAGER_CLIENT_CN, type ManagerClient } from '@linux-patch/contract';
import {
  agentProfile,
  type CertificateFacts,
  generateKey,
  issueCertificate,
  managerClientProfile,
  parseCertificate,
  parseCertificates,
  publicKeySpki,
  serialFrom,
  spkiFingerprint,
  spkiSha256,
  webProfile,
} from '@linux-patch/pki';
import type { Clock, Files, Random } from '@linux-patch/runtime';
import type { ManagerPaths } from '../config/paths.ts';
import type { Database } from '../database/open.ts';
import type { CertificateRow } from '../database/schema.ts';
import { issueOwn, type WebNames } from './init.ts';
import { type Pair, type PairName, readPair, writePair } from './key-files.ts';
import { currentRevocationList, type RevocationList } from './revocation-list.ts';

/** Names that go into an agent's certificate; always from the approved record, never from its request. */
export interface AgentNames {
  readonly fqdn: string;
  readonly hostname: string | null;
  readonly ipAddress: string;
}

/** The certificate authority at work. */
export interface Authority {
  readonly rootPem: string;
  readonly issuingPem: string;
  readonly caFingerprint: string;
  /** Names of the manager itself (lower case, without `localhost`); a certificate with one of them can pose as it. */
  readonly ownNames: readonly string[];
  /** Addresses of the manager itself, loopback excepted; the same holds for them. */
  readonly ownAddresses: readonly string[];
  /** What agents learn about who will call them. */
  readonly managerClient: ManagerClient;
  /** Issues an agent's certificate for a public key (SPKI, DER); the caller records it. */
  issueAgent(spki: Uint8Array, names: AgentNames): Promise<CertificateFacts>;
  /** The same with a key made here, for agents that cannot make their own. */
  issueAgentWithKey(
    names: AgentNames,
  ): Promise<{ readonly certificate: CertificateFacts; readonly privateKeyPem: string }>;
  /** The revocation list in force, made from the recorded revocations; see `currentRevocationList`. */
  revocationList(db: Database): Promise<RevocationList>;
  /** The pair to call agents with: certificate and issuing CA. */
  clientPair(): Promise<Pair>;
  /** The pair to serve HTTPS with. */
  webPair(): Promise<Pair>;
}

export interface AuthorityOptions {
  readonly files: Files;
  readonly clock: Clock;
  readonly random: Random;
  readonly paths: ManagerPaths;
  readonly webNames: WebNames;
  readonly agentDays: number;
  readonly crlHours: number;
}

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

/** Less than a third of its life left. */
function isDue(certificate: CertificateFacts, now: number): boolean {
  return certificate.notAfterMs - now < (certificate.notAfterMs - certificate.notBeforeMs) / 3;
}

/** A crash between the two files of a renewal leaves a certificate without its key; that is made anew. */
function isPair(certificate: CertificateFacts, pair: Pair): boolean {
  return spkiSha256(publicKeySpki(pair.privateKeyPem)) === certificate.spkiSha256;
}

function covers(certificate: CertificateFacts, names: WebNames): boolean {
  return (
    names.dnsNames.every((name) => certificate.dnsNames.includes(name)) &&
    names.ipAddresses.every((address) => certificate.ipAddresses.includes(address))
  );
}

/**
 * Opens the authority that `init` made.
 * @throws PatchError `NOT_INITIALIZED`
 */
export async function openAuthority(options: AuthorityOptions): Promise<Authority> {
  const { files, clock, random, paths } = options;
  const root = await readPair(files, paths.caFolder, 'root');
  const issuing = await readPair(files, paths.caFolder, 'issuing');
  const issuingFacts = parseCertificate(issuing.certificatePem);
  const issueAgent: Authority['issueAgent'] = async (spki, names) => {
    const pem = await issueCertificate({
      profile: agentProfile({
        fqdn: names.fqdn,
        shortName: names.hostname ?? undefined,
        ipAddress: names.ipAddress,
      }),
      subjectSpki: spki,
      issuer: issuing,
      serial: serialFrom(random.bytes(16)),
      now: clock.now(),
      lifetimeMs: options.agentDays * DAY_MS,
    });
    return parseCertificate(pem);
  };
  /** The manager's own certificates renew here, at start and daily; nobody has to remember day 365. */
  const current = async (
    name: PairName,
    isGood: (facts: CertificateFacts) => boolean,
    profile: Parameters<typeof issueOwn>[2],
  ): Promise<Pair> => {
    const pair = await readPair(files, paths.caFolder, name);
    const [facts] = parseCertificates(pair.certificatePem);
    if (facts && isPair(facts, pair) && !isDue(facts, clock.now()) && isGood(facts)) return pair;
    const fresh = await issueOwn(options, issuing, profile);
    await writePair(files, paths.caFolder, name, fresh);
    return fresh;
  };
  /** One at a time, because two renewals at once could leave the key of one and the certificate of the other. */
  const queue = new Map<PairName, Promise<unknown>>();
  const own = (...wanted: Parameters<typeof current>): Promise<Pair> => {
    const result = (queue.get(wanted[0]) ?? Promise.resolve()).then(() => current(...wanted));
    queue.set(
      wanted[0],
      result.catch(() => undefined),
    );
    return result;
  };
  return {
    rootPem: root.certificatePem,
    issuingPem: issuing.certificatePem,
    caFingerprint: spkiFingerprint(root.certificatePem),
    ownNames: options.webNames.dnsNames
      .map((name) => name.toLowerCase())
      .filter((name) => name !== 'localhost'),
    ownAddresses: options.webNames.ipAddresses.filter(
      (address) => !/^(127\.|::1$|::ffff:127\.)/.test(address),
    ),
    managerClient: { cn: MANAGER_CLIENT_CN, issuer_spki: spkiSha256(issuingFacts.spki) },
    issueAgent,
    async issueAgentWithKey(names) {
      const privateKeyPem = await generateKey();
      return { certificate: await issueAgent(publicKeySpki(privateKeyPem), names), privateKeyPem };
    },
    revocationList: (db) =>
      currentRevocationList(db, {
        issuer: issuing,
        now: clock.now(),
        lifetimeMs: options.crlHours * HOUR_MS,
      }),
    clientPair: () => own('client', () => true, managerClientProfile(MANAGER_CLIENT_CN)),
    webPair: () => own('web', (facts) => covers(facts, options.webNames), webProfile(options.webNames)),
  };
}

/** The row that records an issued certificate. */
export function certificateRow(
  certificate: CertificateFacts,
  hostId: string,
  now: number,
  renewAt: number | null = null,
): CertificateRow {
  return {
    serial: certificate.serialHex,
    kind: 'agent',
    host_id: hostId,
    subject: certificate.subject,
    spki_sha256: certificate.spkiSha256,
    not_before: certificate.notBeforeMs,
    not_after: certificate.notAfterMs,
    issued_at: now,
    revoked_at: null,
    revoke_reason: null,
    renew_at: renewAt,
  };
}
