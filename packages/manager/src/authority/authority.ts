import type { ManagerClient, TrustBundle } from '@linux-patch/contract';
import { DAY_MS, HOUR_MS } from '@linux-patch/contract';
import {
  agentProfile,
  type CertificateFacts,
  generateKey,
  issueCertificate,
  parseCertificate,
  publicKeySpki,
  serialFrom,
} from '@linux-patch/pki';
import type { Clock, Files, Random } from '@linux-patch/runtime';
import type { ManagerPaths } from '../config/paths.ts';
import type { Database } from '../database/open.ts';
import type { CertificateRow } from '../database/schema.ts';
import { type JobKey, openJobKey } from '../job-key/job-key.ts';
import { type AgentNames, certifiable } from './agent-names.ts';
import { FIRST_CA } from './ca-state.ts';
import { type Ca, type CaStore, openCaStore } from './ca-store.ts';
import { createCertificateLists } from './certificate-lists.ts';
import type { WebNames } from './init.ts';
import { requireAuthority } from './initialised.ts';
import type { Pair } from './key-files.ts';
import { createNameRules, type NameRules } from './name-rules.ts';
import { createOwnPairs } from './own-pairs.ts';
import { currentRevocationList, type RevocationList } from './revocation-list.ts';
import {
  fleetRootsPem,
  fullChainPem,
  issuerFor,
  managerClientOf,
  provableRootsPem,
  publishedRootsPem,
  trustBundleOf,
  trustedRootsPem,
} from './trust.ts';

/** A certificate made here, with the id of its CA. */
export interface IssuedCertificate extends CertificateFacts {
  readonly caId?: string;
}

/** The certificate authority at work. What it says follows the phase in which a replacement of its root is. */
export interface Authority {
  /** Its CAs; whoever changes them keeps the record. */
  readonly store: CaStore;
  /** The root in use. */
  readonly rootPem: string;
  /** The issuing CA of hosts. */
  readonly issuingPem: string;
  /** Id of the CA that issues to hosts now. */
  readonly hostsCaId: string;
  /** Roots that hosts are to trust. */
  readonly trustedRootsPem: string;
  /** Those, and older ones that hosts may have pinned. */
  readonly publishedRootsPem: string;
  /** Roots that the certificate of an agent we call may be from. */
  readonly fleetRootsPem: string;
  /** Roots that a certificate recorded here may be from. */
  readonly provableRootsPem: string;
  /** Everything between hosts' certificates and the trusted roots, and these roots. */
  readonly chainPem: string;
  /** With what this manager signs changes. */
  readonly jobKey: JobKey;
  /** What hosts are told to trust, with the revocation list in force. */
  trustBundle(db: Database): Promise<TrustBundle>;
  readonly caFingerprint: string;
  /** Names of the manager itself (lower case, without `localhost`); a certificate with one of them can pose as it. */
  readonly ownNames: readonly string[];
  /** Addresses of the manager itself, loopback excepted; the same holds for them. */
  readonly ownAddresses: readonly string[];
  /** What no certificate of a host may name. */
  readonly nameRules: NameRules;
  /** What agents learn about who will call them. */
  readonly managerClient: ManagerClient;
  /**
   * Issues an agent's certificate for a public key (SPKI, DER); the caller records it.
   * @throws PatchError `FORBIDDEN` for names and addresses that no host may have, whoever approved them
   */
  issueAgent(spki: Uint8Array, names: AgentNames): Promise<IssuedCertificate>;
  /** The same with a key made here, for agents that cannot make their own. */
  issueAgentWithKey(
    names: AgentNames,
  ): Promise<{ readonly certificate: IssuedCertificate; readonly privateKeyPem: string }>;
  /**
   * The revocation list in force, made from the recorded revocations: of the manager's certificates and, where `serial`
   * is given, of that host certificate. See `currentRevocationList` and `createCertificateLists`.
   */
  revocationList(db: Database, serial?: string): Promise<RevocationList>;
  /** The pair to call agents with: certificate and what leads to its root. */
  clientPair(): Promise<Pair>;
  /** The pair to serve HTTPS with. */
  webPair(): Promise<Pair>;
  /** Certifies issuing CAs anew that come close to their end; returns those that were. */
  renewIssuing(): Promise<Ca[]>;
  /** Makes one of these pairs anew, due or not. */
  renewPair(name: 'client' | 'web'): Promise<Pair>;
}

export interface AuthorityOptions {
  readonly files: Files;
  readonly clock: Clock;
  readonly random: Random;
  readonly paths: ManagerPaths;
  readonly webNames: WebNames;
  readonly agentDays: number;
  readonly crlHours: number;
  /** Names and addresses of the manager's own machine that hosts may be certified for all the same. */
  readonly localHosts: readonly string[];
}

/**
 * Opens the authority that `init` made.
 * @throws PatchError `NOT_INITIALIZED`
 */
export async function openAuthority(options: AuthorityOptions): Promise<Authority> {
  const { files, clock, random, paths } = options;
  await requireAuthority(files, paths);
  const store = await openCaStore({ files, clock, random, caFolder: paths.caFolder });
  const jobKey = await openJobKey({ files, clock, caFolder: paths.caFolder, cas: store });
  const nameRules = createNameRules(options.webNames, options.localHosts);
  const issueAgent: Authority['issueAgent'] = async (spki, names) => {
    const ca = issuerFor(store, 'hosts');
    const pem = await issueCertificate({
      profile: agentProfile(certifiable(names, nameRules)),
      subjectSpki: spki,
      issuer: ca.issuing,
      serial: serialFrom(random.bytes(16)),
      now: clock.now(),
      lifetimeMs: options.agentDays * DAY_MS,
    });
    return { ...parseCertificate(pem), caId: ca.id };
  };
  const own = createOwnPairs(options, store);
  const revocationList = listMaker(options, store);
  return {
    store,
    jobKey,
    get rootPem() {
      return store.current.root.certificatePem;
    },
    get issuingPem() {
      return issuerFor(store, 'hosts').issuing.certificatePem;
    },
    get hostsCaId() {
      return issuerFor(store, 'hosts').id;
    },
    get trustedRootsPem() {
      return trustedRootsPem(store);
    },
    get publishedRootsPem() {
      return publishedRootsPem(store, clock.now());
    },
    get fleetRootsPem() {
      return fleetRootsPem(store);
    },
    get provableRootsPem() {
      return provableRootsPem(store);
    },
    get chainPem() {
      return fullChainPem(store, clock.now());
    },
    async trustBundle(db) {
      const { pem } = await revocationList(db);
      return { ...trustBundleOf(store, clock.now()), crl_pem: pem, job_key: jobKey.offer };
    },
    get caFingerprint() {
      return store.current.fingerprint;
    },
    get managerClient() {
      return managerClientOf(store);
    },
    ownNames: options.webNames.dnsNames
      .map((name) => name.toLowerCase())
      .filter((name) => name !== 'localhost'),
    ownAddresses: options.webNames.ipAddresses.filter(
      (address) => !/^(127\.|::1$|::ffff:127\.)/.test(address),
    ),
    nameRules,
    issueAgent,
    async issueAgentWithKey(names) {
      const privateKeyPem = await generateKey();
      return { certificate: await issueAgent(publicKeySpki(privateKeyPem), names), privateKeyPem };
    },
    revocationList,
    ...own,
    renewIssuing: () => store.renewIssuing(options.agentDays),
  };
}

function listMaker(
  { clock, crlHours }: Pick<AuthorityOptions, 'clock' | 'crlHours'>,
  store: CaStore,
): Authority['revocationList'] {
  const certificateLists = createCertificateLists();
  return (db, serial) => {
    const order = {
      // One CA for all lists: every host that follows knows the current issuing CA, in each phase of a rotation.
      issuer: store.current.issuing,
      issuerSpki: store.current.issuingFacts.spkiSha256,
      now: clock.now(),
      lifetimeMs: crlHours * HOUR_MS,
    };
    return serial === undefined ? currentRevocationList(db, order) : certificateLists(db, order, serial);
  };
}

/** The row that records an issued certificate. */
export function certificateRow(
  certificate: IssuedCertificate,
  facts: Pick<CertificateRow, 'host_id' | 'issued_at' | 'renew_at' | 'renewed_from' | 'origin' | 'pem'>,
): CertificateRow {
  return {
    serial: certificate.serialHex,
    kind: 'agent',
    ca: certificate.caId ?? FIRST_CA,
    subject: certificate.subject,
    spki_sha256: certificate.spkiSha256,
    not_before: certificate.notBeforeMs,
    not_after: certificate.notAfterMs,
    revoked_at: null,
    revoke_reason: null,
    served_at: null,
    forked_at: null,
    ...facts,
  };
}
