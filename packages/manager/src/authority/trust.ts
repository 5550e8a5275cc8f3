import { MANAGER_CLIENT_CN, type ManagerClient, type TrustBundle } from '@linux-patch/contract';
import { parseCertificate } from '@linux-patch/pki';
import { rolesIn } from './ca-state.ts';
import type { Ca, CaStore, RetiredCa } from './ca-store.ts';

type Cas = Pick<CaStore, 'state' | 'current' | 'next' | 'retired'>;

function text(pems: readonly string[]): string {
  return [...new Set(pems)].map((pem) => `${pem.trimEnd()}\n`).join('');
}

/** The CAs that sign now or may sign tomorrow. */
export function livingCas({ current, next }: Pick<CaStore, 'current' | 'next'>): Ca[] {
  return next ? [current, next] : [current];
}

/** Roots that hosts are to trust. */
export function trustedRootsPem(cas: Cas): string {
  return text(livingCas(cas).map((ca) => ca.rootFacts.pem));
}

/** Whether a retired CA's fingerprint may still prove this manager to a new host. */
export function isPinAlive(ca: RetiredCa, now: number): boolean {
  return ca.why === 'retired' && ca.rootFacts.notAfterMs > now;
}

/**
 * Roots for people and for hosts that pinned one: those in use, and predecessors whose keys are destroyed. Their
 * fingerprints go on working through the certificates that lead from them to the present root. A compromised one is left
 * out: whoever has its key could pose as this manager.
 */
export function publishedRootsPem(cas: Cas, now: number): string {
  const old = cas.retired.filter((ca) => isPinAlive(ca, now));
  return text([...livingCas(cas), ...old].map((ca) => ca.rootFacts.pem));
}

/** Roots that agents this manager calls may be from: hosts that were left behind keep working until they follow. */
export function fleetRootsPem(cas: Cas): string {
  const old = cas.retired.filter((ca) => ca.why !== 'compromised');
  return text([...livingCas(cas), ...old].map((ca) => ca.rootFacts.pem));
}

/**
 * Roots that the certificate of a renewal may be from. Also compromised ones: such a certificate counts only when this
 * manager recorded serial number and key, so a forged one is worth nothing.
 */
export function provableRootsPem(cas: Cas): string {
  return text([...livingCas(cas), ...cas.retired].map((ca) => ca.rootFacts.pem));
}

/** Certificates that lead from older roots to this CA's root, nearest first. */
function crossChain(cas: Cas, ca: Ca, now: number): string[] {
  const before = ca.id === cas.next?.id ? [cas.current] : [];
  const older = cas.retired.filter((one) => one.why !== 'discarded');
  return [ca, ...before, ...older]
    .flatMap((one) => one.crossPem ?? [])
    .filter((pem) => parseCertificate(pem).notAfterMs > now);
}

/** What goes behind a leaf of this CA: its issuing CA, and what leads from older roots to its root. */
export function chainBehind(cas: Cas, ca: Ca, now: number): string {
  return text([ca.issuing.certificatePem, ...crossChain(cas, ca, now)]);
}

/** Everything a host needs to check certificates of every living CA, roots included. */
export function fullChainPem(cas: Cas, now: number): string {
  const hosts = issuerFor(cas, 'hosts');
  const order = [hosts, ...livingCas(cas).filter((ca) => ca !== hosts)];
  return text([
    ...order.map((ca) => ca.issuing.certificatePem),
    ...order.flatMap((ca) => crossChain(cas, ca, now)),
    ...order.map((ca) => ca.rootFacts.pem),
  ]);
}

/** The CA that issues the manager's, or the hosts', certificates now. */
export function issuerFor(cas: Cas, whose: 'manager' | 'hosts'): Ca {
  return rolesIn(cas.state.phase)[whose] === 'next' && cas.next ? cas.next : cas.current;
}

/** Who will call the hosts: by the CA in use first, and while it is being replaced by the other one as well. */
export function managerClientOf(cas: Cas): ManagerClient {
  const now = issuerFor(cas, 'manager');
  const others = livingCas(cas)
    .filter((ca) => ca !== now)
    .map((ca) => ca.issuingFacts.spkiSha256);
  return {
    cn: MANAGER_CLIENT_CN,
    issuer_spki: now.issuingFacts.spkiSha256,
    ...(others.length > 0 ? { issuer_spkis: others } : {}),
  };
}

/** What hosts are to trust. Before the hosts' turn both issuers are right; a host need not renew for it. */
export function trustBundleOf(cas: Cas, now: number): TrustBundle {
  return {
    ca_crt: trustedRootsPem(cas),
    ca_chain: fullChainPem(cas, now),
    manager_client: managerClientOf(cas),
    issuers: [issuerFor(cas, 'hosts').issuingFacts.spkiSha256],
  };
}
