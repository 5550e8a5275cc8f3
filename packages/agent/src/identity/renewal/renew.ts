import { ENROLL_PATHS, PatchError, Renewed } from '@linux-patch/contract';
import {
  type CertificateFacts,
  createRenewalProof,
  createRequest,
  parseCertificates,
} from '@linux-patch/pki';
import type { Random } from '@linux-patch/runtime';
import type { AuditLog } from '../../audit/audit-log.ts';
import { codeOf, jsonOf, retryAfterMs, wordsOf } from '../../manager-link/answer-body.ts';
import { verifiedBy } from '../../manager-link/connection.ts';
import { ManagerFailure } from '../../manager-link/failure.ts';
import { type ManagerWay, openManagerLink } from '../../manager-link/link.ts';
import { acceptBundle } from '../bundle-check.ts';
import type { Identity } from '../identity.ts';
import { ownIssuer, requireVouched } from '../issuers/trust-change.ts';
import type { IdentityMeta } from '../store/identity-meta.ts';
import { forgetNextKeys, nextKey } from '../store/next-key.ts';
import { type IdentityPlace, readIdentity } from '../store/read.ts';
import { installGeneration } from '../store/store.ts';
import { FORKED } from './messages.ts';
import { renewedFault } from './renewed-fault.ts';

export interface RenewOptions {
  readonly place: IdentityPlace;
  readonly random: Random;
  readonly audit: Pick<AuditLog, 'record'>;
  readonly way: ManagerWay;
  /** What to prove oneself with; by default what is on disk. */
  readonly identity?: Identity | undefined;
  /** The address of this host, when it is another than the manager was told. */
  readonly movedTo?: string | undefined;
}

/** Asks this manager once. @throws what `renewIdentity` does, and `INSTANCE_RUNNING` while another process does that */
export type Renewer = (
  wish: { readonly managerUrl: string } & Pick<RenewOptions, 'identity' | 'movedTo'>,
) => Promise<RenewOutcome>;

/** How a renewal ended, when it was decided at all. */
export type RenewOutcome =
  | { readonly kind: 'renewed'; readonly serialHex: string; readonly notAfterMs: number }
  /** The manager has no such endpoint, or does not let this identity renew: a new enrolment is the way. */
  | {
      readonly kind: 'refused';
      readonly message: string;
      /** Another machine holds this identity as well. */
      readonly forked?: boolean;
    };

/**
 * Gets a new certificate for a new key, proven with the current one. The manager is verified with the CA that is
 * installed, and a new root counts only when an installed one vouches for it.
 *
 * @throws ManagerFailure when the manager gave no decision; PatchError when what it sent must not be installed.
 */
export async function renewIdentity(options: RenewOptions): Promise<RenewOutcome> {
  const { place, way, movedTo } = options;
  const { files, paths, clock } = place;
  const current = options.identity ?? (await readIdentity(place));
  const { leaf, material } = current;
  if (!leaf) return { kind: 'refused', message: 'there is no certificate to renew' };
  const keyPem = await nextKey(files, paths, leaf.serialHex);
  const csr = await createRequest({
    privateKeyPem: keyPem,
    commonName: leaf.commonName ?? '',
    dnsNames: leaf.dnsNames,
    ipAddresses: movedTo === undefined ? leaf.ipAddresses : [movedTo],
  });
  const link = openManagerLink(way, verifiedBy(material.caPem));
  const url = link.at(ENROLL_PATHS.renew);
  const proof = createRenewalProof({
    privateKeyPem: material.keyPem,
    certificateChainPem: material.certificatePem,
    audience: url.href,
    csrPem: csr,
    nowS: Math.floor(clock.now() / 1000),
    jti: options.random.uuid(),
  });
  const answer = await link.post(ENROLL_PATHS.renew, { csr, proof });
  // 401 is about the proof: two clocks differ, or it was seen before. Another one may be taken.
  if (answer.status === 403 && codeOf(answer) === 'CERT_FORKED')
    return { kind: 'refused', message: FORKED, forked: true };
  if ([403, 404, 405].includes(answer.status)) return { kind: 'refused', message: wordsOf(answer) };
  if (answer.status !== 200)
    throw new ManagerFailure(
      answer.status === 401 ? 'protocol' : 'transient',
      `${url.href} does not renew now: ${wordsOf(answer)}.`,
      {
        retryAfterMs: retryAfterMs(answer),
      },
    );
  const parsed = Renewed.safeParse(jsonOf(answer, url.href));
  if (!parsed.success) throw new ManagerFailure('protocol', `${url.href} sends JSON that is no renewal.`);
  return install(options, { current, leaf, renewed: parsed.data, keyPem });
}

async function install(
  options: RenewOptions,
  made: {
    readonly current: Identity;
    readonly leaf: CertificateFacts;
    readonly renewed: Renewed;
    readonly keyPem: string;
  },
): Promise<RenewOutcome> {
  const { files, clock, paths } = options.place;
  const { manager_client, renew_window, ...bundle } = made.renewed;
  // The address is the manager's to say: its record may have been changed, by this host or by a person.
  const ipAddress = addressIn(bundle.server_crt) ?? made.leaf.ipAddresses[0];
  const names = { fqdn: made.leaf.dnsNames[0], ipAddress };
  const material = await acceptBundle(bundle, {
    ownKeyPem: made.keyPem,
    ...names,
    now: clock.now(),
    fingerprint: undefined,
    managerClient: manager_client,
    freshness: { knownSerials: [made.leaf.serialHex] },
  });
  requireVouched({
    roots: parseCertificates(material.caPem),
    chain: parseCertificates(bundle.ca_chain ?? bundle.ca_crt),
    trusted: made.current.issuers,
    now: clock.now(),
  });
  const [leaf] = parseCertificates(material.certificatePem);
  const isForMove = options.movedTo !== undefined && leaf?.ipAddresses.includes(options.movedTo);
  // What is wanted for a new address, another CA or a key of its own is no worse for a shorter life.
  const isForItsLife =
    !isForMove &&
    made.current.meta.key_origin !== 'manager' &&
    ownIssuer(made.current.material)?.spkiSha256 === ownIssuer(material)?.spkiSha256;
  const fault = leaf && renewedFault(isForItsLife ? made.leaf : undefined, leaf, clock.now());
  if (!leaf || fault !== undefined) {
    throw new PatchError(
      'CERT_UNSUITABLE',
      `The manager sent a certificate that is no renewal: ${fault ?? 'there is none'}. The one in use stays.`,
    );
  }
  const before = made.current.meta;
  const meta: IdentityMeta = {
    ...before,
    key_origin: 'host',
    manager_url: options.way.managerUrl.href,
    manager_client,
    reported_address: options.movedTo ?? before.reported_address,
    installed_at: new Date(clock.now()).toISOString(),
    renewal_draw: options.random.fraction(),
    renew_window,
  };
  await installGeneration({ files, paths, material, meta });
  await forgetNextKeys(files, paths).catch(() => {});
  options.audit.record('identity_renewed', { serial: leaf.serialHex });
  if (options.movedTo !== undefined)
    options.audit.record('host_address_told', {
      address: options.movedTo,
      certified: leaf.ipAddresses.includes(options.movedTo),
    });
  return { kind: 'renewed', serialHex: leaf.serialHex, notAfterMs: leaf.notAfterMs };
}

/** The address that a certificate names; undefined when there is none, or no certificate. */
function addressIn(certificatePem: string): string | undefined {
  try {
    return parseCertificates(certificatePem)[0]?.ipAddresses[0];
  } catch {
    return undefined;
  }
}
