import { describe, expect, it } from 'vitest';
import { opensslFolder } from '../test/openssl.ts';
import { agentProfile, managerClientProfile, managerFault, parseCertificates, webProfile } from './index.ts';
import { testAuthority } from './testing/index.ts';

const authority = await testAuthority({ now: Date.now() });

async function factsOf(profile: Parameters<typeof authority.issue>[0]) {
  const [facts] = parseCertificates((await authority.issue(profile)).certificatePem);
  if (!facts) throw new Error('no certificate');
  return facts;
}

/** As managers made them before there was a mark. */
const unmarked = (profile: ReturnType<typeof webProfile>) => ({
  ...profile,
  extendedKeyUsage: profile.extendedKeyUsage.filter((usage) => usage !== 'linuxPatchManager'),
});

const HOSTS = [
  agentProfile({ fqdn: 'manager.example.test', shortName: 'manager', ipAddress: '127.0.0.1' }),
  agentProfile({ fqdn: '192.0.2.7', shortName: 'manager.example.test', ipAddress: '127.0.0.1' }),
  agentProfile({ fqdn: 'patch-server', ipAddress: '192.0.2.7' }),
  agentProfile({ fqdn: `${'x'.repeat(60)}.manager.example.test`, ipAddress: '192.0.2.7' }),
  agentProfile({ fqdn: `${'x'.repeat(56)}-server`, ipAddress: '192.0.2.7' }),
];
const WEB = [
  webProfile({ dnsNames: ['manager.example.test', 'localhost'], ipAddresses: ['127.0.0.1'] }),
  webProfile({ dnsNames: ['patch-server', 'localhost'], ipAddresses: [] }),
  webProfile({ dnsNames: [], ipAddresses: ['192.0.2.1'] }),
];

describe('a certificate of a manager is told from that of a host', () => {
  it.each(HOSTS.map((profile) => [profile.commonName, profile] as const))(
    'no host has one, whatever names it has: %s',
    async (_name, profile) => {
      expect(managerFault(await factsOf(profile))).toContain('is the certificate of a host');
    },
  );

  it.each(WEB.map((profile) => [profile.commonName, profile] as const))(
    'a manager has one, marked or from before there was a mark: %s',
    async (_name, profile) => {
      expect((await factsOf(profile)).extendedKeyUsage).toEqual(['serverAuth', 'linuxPatchManager']);
      expect(managerFault(await factsOf(profile))).toBeUndefined();
      expect((await factsOf(unmarked(profile))).extendedKeyUsage).toEqual(['serverAuth']);
      expect(managerFault(await factsOf(unmarked(profile)))).toBeUndefined();
    },
  );

  it('the certificate to call agents with is marked, too', async () => {
    expect((await factsOf(managerClientProfile())).extendedKeyUsage).toEqual([
      'clientAuth',
      'linuxPatchManager',
    ]);
  });

  it('openssl reads the mark, and none of its numbers is too large for anybody', async () => {
    using openssl = opensslFolder();
    openssl.write('web.pem', (await authority.issue(WEB[0]!)).certificatePem);
    const text = openssl.run('x509', '-in', 'web.pem', '-noout', '-ext', 'extendedKeyUsage');
    const [, oid] = /TLS Web Server Authentication, ([\d.]+)/.exec(text) ?? [];
    expect(oid).toMatch(/^1\.2\.840\.113556\.1\.8000\.2554\./);
    // Go takes 31 bits (golang/go issue 30757), others 28.
    for (const arc of oid!.split('.')) expect(Number(arc)).toBeLessThan(2 ** 28);
  });
});
