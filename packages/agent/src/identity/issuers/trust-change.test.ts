import type { TrustBundle } from '@linux-patch/contract';
import {
  createRoot,
  generateKey,
  type Issuer,
  issueCertificate,
  parseCertificate,
  publicKeySpki,
  rootProfile,
  serialFrom,
  spkiSha256,
} from '@linux-patch/pki';
import { type TestAuthority, testAuthority } from '@linux-patch/pki/testing';
import { systemRandom } from '@linux-patch/runtime/node';
import { beforeAll, describe, expect, it } from 'vitest';
import { type IdentityMeta, MANUAL_IDENTITY } from '../store/identity-meta.ts';
import type { Material } from '../store/material.ts';
import { planTrustChange, trustStateOf } from './trust-change.ts';

const NOW = Date.UTC(2026, 10, 25);
let ours: TestAuthority;
let successor: TestAuthority;
let stranger: TestAuthority;
let material: Material;
let meta: IdentityMeta;

const issuerKey = (authority: TestAuthority): string =>
  parseCertificate(authority.issuing.certificatePem).spkiSha256;

/** A certificate for the key and name of `root`, made by `issuer`. */
async function cross(root: Issuer, issuer: Issuer, spki?: Uint8Array): Promise<string> {
  const facts = parseCertificate(root.certificatePem);
  return issueCertificate({
    profile: rootProfile(facts.commonName ?? ''),
    subjectSpki: spki ?? facts.spki,
    issuer,
    serial: serialFrom(systemRandom.bytes(16)),
    now: NOW,
  });
}

function bundleOf(
  authorities: readonly TestAuthority[],
  more: Partial<TrustBundle> & { readonly crosses?: readonly string[] } = {},
): TrustBundle {
  const { crosses = [], ...members } = more;
  const first = authorities[0]!;
  return {
    ca_crt: authorities.map((one) => one.root.certificatePem).join(''),
    ca_chain: [...authorities.map((one) => one.issuing.certificatePem), ...crosses].join(''),
    manager_client: { cn: 'patch-manager-client', issuer_spki: issuerKey(first) },
    issuers: [issuerKey(first)],
    ...members,
  };
}

const plan = (bundle: TrustBundle, held: Material = material) =>
  planTrustChange({ bundle, material: held, meta, now: NOW });

beforeAll(async () => {
  [ours, successor, stranger] = await Promise.all([
    testAuthority({ now: NOW }),
    testAuthority({ now: NOW }),
    testAuthority({ now: NOW }),
  ]);
  const own = await ours.issueAgent();
  material = {
    caPem: ours.root.certificatePem,
    certificatePem: own.chainPem,
    keyPem: own.privateKeyPem,
    crlPem: undefined,
  };
  meta = {
    ...MANUAL_IDENTITY,
    trust: 'code',
    manager_client: { cn: 'patch-manager-client', issuer_spki: issuerKey(ours) },
  };
});

describe('a change of the CAs a host trusts', () => {
  it('to what it has already changes nothing', () => {
    expect(plan(bundleOf([ours]))).toEqual({ kind: 'unchanged' });
  });

  it('takes a new root that the old one certified, and keeps key and certificate', async () => {
    const crosses = [await cross(successor.root, ours.root)];
    const client = {
      cn: 'patch-manager-client',
      issuer_spki: issuerKey(ours),
      issuer_spkis: [issuerKey(successor)],
    };
    const change = plan(bundleOf([ours, successor], { crosses, manager_client: client }));
    if (change.kind !== 'change') throw new Error(change.kind);
    expect(change.added).toHaveLength(1);
    expect(change.removed).toEqual([]);
    expect(change.material.keyPem).toBe(material.keyPem);
    const state = trustStateOf(change, { renewing: false, lastError: 'of an earlier renewal' });
    expect(state.roots).toHaveLength(2);
    expect(state.renewal_error).toBeUndefined();
    expect(trustStateOf(change, { renewing: true, lastError: 'x'.repeat(9_999) }).renewal_error).toHaveLength(
      1_000,
    );
    expect(state.accepted_issuers).toEqual([issuerKey(ours), issuerKey(successor)]);
    expect(state.certificate_issuer).toBe(issuerKey(ours));
    expect(plan(bundleOf([ours, successor], { crosses, manager_client: client }), change.material).kind).toBe(
      'change',
    );
  });

  it('waits for the renewal when its own certificate hangs below a root that is to go', async () => {
    const crosses = [await cross(successor.root, ours.root)];
    expect(plan(bundleOf([successor], { crosses }))).toEqual({ kind: 'after_renewal' });
  });

  it.each([
    ['a root that nothing vouches for', () => bundleOf([ours, stranger])],
    ['a root alone that nothing vouches for', () => bundleOf([stranger])],
    ['text that is no certificate', () => bundleOf([ours], { ca_crt: 'x' })],
    ['an issuing CA in place of a root', () => bundleOf([ours], { ca_crt: ours.issuing.certificatePem })],
    [
      'a manager whose issuer is below none of the roots',
      () => bundleOf([ours], { manager_client: { cn: 'x', issuer_spki: issuerKey(stranger) } }),
    ],
    [
      'a second issuer that is below none of the roots',
      () =>
        bundleOf([ours], {
          ca_chain: ours.issuing.certificatePem + stranger.issuing.certificatePem,
          manager_client: {
            cn: 'x',
            issuer_spki: issuerKey(ours),
            issuer_spkis: [issuerKey(stranger)],
          },
        }),
    ],
  ])('refuses %s', (_what, make) => {
    expect(() => plan(make())).toThrow(expect.objectContaining({ code: 'TRUST_REFUSED' }));
  });

  it('refuses a voucher by a stranger, for another key, or by a host certificate', async () => {
    const own = await ours.issueAgent();
    const otherKey = publicKeySpki(await generateKey());
    const bad = [
      await cross(successor.root, stranger.root),
      await cross(successor.root, ours.root, otherKey),
      await cross(successor.root, successor.root),
    ];
    for (const one of bad)
      expect(() => plan(bundleOf([ours, successor], { crosses: [one] }))).toThrow(/vouches/);
    await expect(
      cross(successor.root, { certificatePem: own.certificatePem, privateKeyPem: own.privateKeyPem }),
    ).rejects.toMatchObject({ code: 'CERT_UNSUITABLE' });
  });

  it('refuses another key under the name of a root it trusts', async () => {
    const privateKeyPem = await generateKey();
    const name = parseCertificate(ours.root.certificatePem).commonName ?? '';
    const twin = await createRoot({
      profile: rootProfile(name),
      privateKeyPem,
      serial: serialFrom(systemRandom.bytes(16)),
      now: NOW,
    });
    expect(spkiSha256(publicKeySpki(privateKeyPem))).not.toBe(
      parseCertificate(ours.root.certificatePem).spkiSha256,
    );
    expect(() => plan(bundleOf([ours], { ca_crt: ours.root.certificatePem + twin }))).toThrow(/vouches/);
  });

  it('takes the revocation list of the new CA along when the one at hand is by the old one', async () => {
    const crosses = [await cross(successor.root, ours.root)];
    const own = await successor.issueAgent();
    const held = {
      caPem: ours.root.certificatePem + successor.root.certificatePem,
      certificatePem: own.chainPem + ours.issuing.certificatePem,
      keyPem: own.privateKeyPem,
      crlPem: await ours.createCrl(['0a']),
    };
    const list = await successor.createCrl(['0a', '0b']);
    const change = plan(bundleOf([successor], { crosses, crl_pem: list }), held);
    if (change.kind !== 'change') throw new Error(change.kind);
    expect(change.material.crlPem).toBe(list);
    expect(change.removed).toHaveLength(1);
    const foreign = bundleOf([successor], { crosses, crl_pem: await stranger.createCrl() });
    expect(() => plan(foreign, held)).toThrow(/revocation list/);
  });

  it('refuses a root that has expired', () => {
    const late = parseCertificate(ours.root.certificatePem).notAfterMs + 1;
    expect(() => planTrustChange({ bundle: bundleOf([ours]), material, meta, now: late })).toThrow(/expired/);
  });
});
