import { MANAGER_CLIENT_CN } from '@linux-patch/contract';
import {
  type CertificateFacts,
  isIssuedBy,
  MANAGER_USAGE,
  managerClientProfile,
  parseCertificates,
  webProfile,
} from '@linux-patch/pki';
import type { Clock, Files, Random } from '@linux-patch/runtime';
import type { ManagerPaths } from '../config/paths.ts';
import type { CaStore } from './ca-store.ts';
import { issueOwn, type WebNames } from './init.ts';
import { findPair, leafOf, type Pair, type PairName, writePair } from './key-files.ts';
import { chainBehind, issuerFor } from './trust.ts';

/** Less than a third of its life left. */
function isDue(certificate: CertificateFacts, now: number): boolean {
  return certificate.notAfterMs - now < (certificate.notAfterMs - certificate.notBeforeMs) / 3;
}

function covers(certificate: CertificateFacts, names: WebNames): boolean {
  return (
    names.dnsNames.every((name) => certificate.dnsNames.includes(name)) &&
    names.ipAddresses.every((address) => certificate.ipAddresses.includes(address))
  );
}

/** The leaf on disk with what leads to its root now; that may have changed since the leaf was issued. */
function withChain(leaf: CertificateFacts | undefined, pair: Pair, chainPem: string): Pair {
  return leaf ? { ...pair, certificatePem: `${leaf.pem.trimEnd()}\n${chainPem}` } : pair;
}

/** The manager's own certificates, by the CA that issues to it now. */
export function createOwnPairs(
  options: {
    readonly files: Files;
    readonly clock: Clock;
    readonly random: Random;
    readonly paths: ManagerPaths;
    readonly webNames: WebNames;
  },
  store: CaStore,
): {
  readonly clientPair: () => Promise<Pair>;
  readonly webPair: () => Promise<Pair>;
  /** Makes one of them anew, due or not. */
  readonly renewPair: (name: 'client' | 'web') => Promise<Pair>;
} {
  const { files, clock, paths } = options;
  /** The manager's own certificates renew here, at start and hourly, also when they are lost or damaged; nobody has to remember day 365. */
  const current = async (
    name: PairName,
    isGood: (facts: CertificateFacts) => boolean,
    profile: Parameters<typeof issueOwn>[2],
  ): Promise<Pair> => {
    const ca = issuerFor(store, 'manager');
    const pair = await findPair(files, paths.caFolder, name);
    const facts = leafOf(pair);
    const good =
      pair && facts && !isDue(facts, clock.now()) && isIssuedBy(facts, ca.issuingFacts) && isGood(facts);
    const isMarked = facts?.extendedKeyUsage.includes(MANAGER_USAGE);
    if (good && isMarked) return withChain(facts, pair, chainBehind(store, ca, clock.now()));
    // One from before there was a mark is certified anew for the same key: agents may have begun to trust that.
    const fresh = await issueOwn(options, ca.issuing, profile, good ? pair.privateKeyPem : undefined);
    await writePair(files, paths.caFolder, name, fresh);
    return withChain(parseCertificates(fresh.certificatePem)[0], fresh, chainBehind(store, ca, clock.now()));
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
  const client = managerClientProfile(MANAGER_CLIENT_CN);
  const web = webProfile(options.webNames);
  return {
    clientPair: () => own('client', () => true, client),
    webPair: () => own('web', (facts) => covers(facts, options.webNames), web),
    renewPair: (name) => own(name, () => false, name === 'client' ? client : web),
  };
}
