import { X509Certificate } from 'node:crypto';
import type { Bundle } from '@linux-patch/contract';
import { agentProfile, generateKey, managerClientProfile, spkiFingerprint } from '@linux-patch/pki';
import { type TestAuthority, testAuthority } from '@linux-patch/pki/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { type BundleExpectation, checkBundle } from './bundle-check.ts';

const NOW = Date.UTC(2026, 10, 23, 12);
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const NAMES = { fqdn: 'amber.example.test', ipAddress: '192.0.2.5' };

let authority: TestAuthority;
let stranger: TestAuthority;
let ownKeyPem: string;
let good: Bundle;

beforeAll(async () => {
  [authority, stranger, ownKeyPem] = await Promise.all([
    testAuthority({ now: NOW - 30 * DAY_MS }),
    testAuthority({ now: NOW }),
    generateKey(),
  ]);
  good = await bundleOf();
});

/** What an approval carries, for our key unless the test wants something else. */
async function bundleOf(
  profile = agentProfile(NAMES),
  options: { now?: number; lifetimeMs?: number; privateKeyPem?: string } = {},
): Promise<Bundle> {
  const issued = await authority.issue(profile, { privateKeyPem: ownKeyPem, now: NOW, ...options });
  return {
    ca_crt: authority.root.certificatePem,
    ca_chain: authority.caPem,
    server_crt: issued.chainPem,
    crl_pem: await authority.createCrl(),
  };
}

const check = (bundle: Bundle, expected: Partial<BundleExpectation> = {}) =>
  checkBundle(bundle, { ownKeyPem, ...NAMES, now: NOW, fingerprint: undefined, ...expected });

describe('a bundle', () => {
  it('that is right becomes a set: our key, the leaf with its issuer, the root alone as CA', () => {
    const material = check(good, { fingerprint: spkiFingerprint(authority.root.certificatePem) });
    expect(material.keyPem).toBe(ownKeyPem);
    expect(material.caPem.match(/BEGIN/g)).toHaveLength(1);
    expect(material.certificatePem.match(/BEGIN/g)).toHaveLength(2);
    expect(material.crlPem).toBe(good.crl_pem);
  });

  it('may come without chain and list, and with an address written in another way', async () => {
    const { ca_crt, server_crt } = good;
    expect(check({ ca_crt, server_crt, crl_pem: '' }).crlPem).toBeUndefined();
    const six = await bundleOf(agentProfile({ ...NAMES, ipAddress: '2001:db8::5' }));
    expect(() => check(six, { ipAddress: '2001:DB8:0:0::5' })).not.toThrow();
  });

  it('of an older manager brings its key, and may lack the address', async () => {
    const key = await generateKey();
    const nameless = { ...agentProfile(NAMES), ipAddresses: [] };
    const bundle = await bundleOf(nameless, { privateKeyPem: key });
    expect(check({ ...bundle, server_key: key }, { ownKeyPem: undefined }).keyPem).toBe(key);
    expect(() => check(bundle, { ownKeyPem: undefined })).toThrow('V10');
    expect(() => check({ ...bundle, server_key: ownKeyPem }, { ownKeyPem: undefined })).toThrow('V11');
    expect(() => check({ ...bundle, server_key: 'no key' }, { ownKeyPem: undefined })).toThrow('V10');
  });

  it.each<[string, string, () => Bundle | Promise<Bundle>]>([
    ['V2', 'a CA that is no PEM', () => ({ ...good, ca_crt: 'CA' })],
    [
      'V2',
      'a private key among the certificates',
      () => ({ ...good, server_crt: good.server_crt + ownKeyPem }),
    ],
    ['V2', 'a truncated certificate', () => ({ ...good, server_crt: good.server_crt.slice(0, 300) })],
    ['V2', 'nothing', () => ({ ...good, server_crt: '' })],
    ['V4', 'a CA that is none', () => ({ ...good, ca_crt: good.server_crt })],
    ['V6', 'a CA that did not issue it', () => ({ ...good, ca_crt: stranger.root.certificatePem })],
    ['V11', 'the CA as host certificate', () => ({ ...good, server_crt: authority.root.certificatePem })],
    ['V8', 'a certificate for clients', () => bundleOf(managerClientProfile())],
    ['V9', 'another name', () => bundleOf(agentProfile({ ...NAMES, fqdn: 'birch.example.test' }))],
    ['V9', 'another address', () => bundleOf(agentProfile({ ...NAMES, ipAddress: '192.0.2.6' }))],
    ['V11', 'another key', async () => bundleOf(agentProfile(NAMES), { privateKeyPem: await generateKey() })],
    ['V13', 'a certificate of tomorrow', () => bundleOf(agentProfile(NAMES), { now: NOW + DAY_MS })],
    [
      'V14',
      'one that is over in half an hour',
      () => bundleOf(agentProfile(NAMES), { now: NOW - DAY_MS, lifetimeMs: DAY_MS + 30 * MINUTE_MS }),
    ],
    [
      'V14',
      'an expired one',
      () => bundleOf(agentProfile(NAMES), { now: NOW - 2 * DAY_MS, lifetimeMs: DAY_MS }),
    ],
    ['V15', 'one for ten years', () => bundleOf(agentProfile(NAMES), { lifetimeMs: 900 * DAY_MS })],
    ['V17', 'a list that is none', () => ({ ...good, crl_pem: 'CRL' })],
    ['V17', "somebody else's list", async () => ({ ...good, crl_pem: await stranger.createCrl() })],
    ['V19', 'a private key that nobody asked for', () => ({ ...good, server_key: ownKeyPem })],
  ])('is refused as %s with %s', async (code, _what, make) => {
    const bundle = await make();
    expect(() => check(bundle)).toThrow(
      expect.objectContaining({ code: 'CERT_UNSUITABLE', details: { check: code } }) as Error,
    );
  });

  it('is refused when its certificate is on the list that comes with it, or its CA is not the pinned one', async () => {
    const issued = await authority.issueAgent(NAMES, { now: NOW });
    const serial = new X509Certificate(issued.certificatePem).serialNumber.toLowerCase();
    const revoked = {
      ...good,
      server_crt: issued.chainPem,
      crl_pem: await authority.createCrl([serial]),
    };
    expect(() => check(revoked, { ownKeyPem: issued.privateKeyPem })).toThrow('is revoked');
    const fingerprint = spkiFingerprint(stranger.root.certificatePem);
    expect(() => check(good, { fingerprint })).toThrow('V5');
  });
});
