import { chmod, chown, mkdir, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DAY_MS } from '@linux-patch/contract';
import { createCrl, managerClientProfile, parseCertificate } from '@linux-patch/pki';
import { testAuthority } from '@linux-patch/pki/testing';
import { systemFiles } from '@linux-patch/runtime/node';
import { writeRenewalRecord } from '../../src/identity/renewal/record.ts';
import type { BrokenState } from './case.ts';
import { NOW, type SickHost, sharedAuthority } from './sick-host.ts';

const FQDN = 'host.example.test';

/** The folder of the set in use. */
async function currentSet(host: SickHost): Promise<string> {
  const folder = host.paths.certificatesFolder;
  return join(folder, await readlink(join(folder, 'current')));
}

async function replaceFile(host: SickHost, name: string, text: string): Promise<void> {
  await writeFile(join(await currentSet(host), name), text);
}

async function installFor(
  host: SickHost,
  names: { fqdn?: string; ipAddress?: string },
  validity: { now?: number; lifetimeMs?: number } = {},
): Promise<void> {
  const made = await host.authority.issueAgent({ fqdn: FQDN, ...names }, validity);
  await host.install({ certificatePem: made.chainPem, keyPem: made.privateKeyPem });
}

/** Only the newest set is there, so that there is nothing to go back to. */
async function forgetOlderSets(host: SickHost): Promise<void> {
  await rm(host.paths.certificatesFolder, { recursive: true });
}

async function circle(path: string): Promise<void> {
  await rm(path);
  await symlink(path, path);
}

const store: readonly BrokenState[] = [
  {
    code: 'CURRENT_DANGLING',
    fixed: true,
    arrange: async (host) => {
      await host.install();
      await rm(await currentSet(host), { recursive: true });
    },
  },
  {
    code: 'GENERATION_BROKEN',
    says: /server\.pem/,
    fixed: true,
    arrange: async (host) => {
      await host.install();
      await replaceFile(host, 'server.pem', '');
    },
  },
  {
    code: 'KEY_MODE_OPEN',
    says: /0644/,
    fixed: true,
    arrange: async (host) => chmod(join(await currentSet(host), 'server.key.pem'), 0o644),
  },
  {
    code: 'KEY_FOREIGN_OWNER',
    fixed: true,
    arrange: async (host) => chown(join(await currentSet(host), 'server.key.pem'), 65_534, 0),
  },
  { code: 'KEY_UNREADABLE', fixed: true, arrange: (host) => circle(host.paths.key) },
  {
    code: 'CERT_UNREADABLE',
    fixed: true,
    arrange: async (host) => {
      await rm(host.paths.ca);
      await mkdir(host.paths.ca);
    },
  },
];

const missing = (code: BrokenState['code'], file: 'ca' | 'certificate' | 'key'): BrokenState => ({
  code,
  fixed: true,
  arrange: (host) => rm(host.paths[file]),
});

const identity: readonly BrokenState[] = [
  { code: 'IDENTITY_MISSING', arrange: forgetOlderSets },
  missing('CA_MISSING', 'ca'),
  missing('CERT_MISSING', 'certificate'),
  missing('KEY_MISSING', 'key'),
  { code: 'CA_CORRUPT', arrange: (host) => replaceFile(host, 'ca.pem', 'no certificate') },
  {
    code: 'CERT_CORRUPT',
    arrange: (host) => replaceFile(host, 'server.pem', '-----BEGIN CERTIFICATE-----\nAAAA\n'),
  },
  {
    code: 'CERT_CORRUPT',
    variant: 'a copy by hand over a fine set',
    fixed: true,
    arrange: async (host) => {
      await rm(host.paths.certificate);
      await writeFile(host.paths.certificate, '<html>not found</html>');
    },
  },
  { code: 'KEY_CORRUPT', arrange: (host) => replaceFile(host, 'server.key.pem', 'no key') },
  {
    code: 'CERT_EXPIRED',
    arrange: async (host) => {
      await forgetOlderSets(host);
      await installFor(host, {}, { now: NOW - 400 * DAY_MS, lifetimeMs: 365 * DAY_MS });
    },
  },
  {
    code: 'CA_EXPIRED',
    arrange: async (host) => {
      const old = await testAuthority({ now: NOW - 11 * 365 * DAY_MS });
      const validity = { now: NOW - 10 * 365 * DAY_MS, lifetimeMs: 11 * 365 * DAY_MS };
      const made = await old.issueAgent({ fqdn: FQDN }, validity);
      await forgetOlderSets(host);
      await host.install({ caPem: old.caPem, certificatePem: made.chainPem, keyPem: made.privateKeyPem });
    },
  },
  {
    code: 'CERT_NOT_YET_VALID',
    arrange: async (host) => {
      await forgetOlderSets(host);
      await installFor(host, {}, { now: NOW + 2 * DAY_MS });
    },
  },
  {
    code: 'KEY_MISMATCH',
    arrange: async (host) => {
      const other = await host.authority.issueAgent();
      host.secrets.push(...other.privateKeyPem.split('\n').filter((line) => line.length > 40));
      await replaceFile(host, 'server.key.pem', other.privateKeyPem);
    },
  },
  {
    code: 'CERT_UNTRUSTED',
    arrange: async (host) => {
      const other = await testAuthority({ now: NOW });
      await forgetOlderSets(host);
      await host.install({ caPem: other.caPem });
    },
  },
  {
    code: 'CERT_UNSUITABLE',
    says: /clientAuth/,
    arrange: async (host) => {
      const made = await host.authority.issue(managerClientProfile());
      await forgetOlderSets(host);
      await host.install({ certificatePem: made.chainPem, keyPem: made.privateKeyPem });
    },
  },
  {
    code: 'IDENTITY_OF_OTHER_HOST',
    says: /machine-id and network cards/,
    arrange: async (host) => {
      await mkdir(join(host.root, 'sys/class/net/eth0'), { recursive: true });
      await writeFile(join(host.root, 'sys/class/net/eth0/address'), '02:00:00:00:00:02\n');
      await host.install({
        meta: { host: { machine: 'elsewhere', platform: null, interfaces: ['another card'] } },
      });
    },
  },
  {
    code: 'CERT_WRONG_NAME',
    says: /other\.example\.test/,
    arrange: (host) => installFor(host, { fqdn: 'other.example.test' }),
  },
  {
    code: 'CERT_WRONG_ADDRESS',
    says: /10\.9\.8\.7/,
    arrange: (host) => installFor(host, { ipAddress: '10.9.8.7' }),
  },
  {
    code: 'CERT_EXPIRING_SOON',
    // Just past the middle of a short life: due, and not yet overdue.
    arrange: (host) => installFor(host, {}, { now: NOW - 1.6 * DAY_MS, lifetimeMs: 3 * DAY_MS }),
  },
  {
    code: 'CERT_FLAWED',
    says: /V15 life/,
    arrange: (host) => installFor(host, {}, { lifetimeMs: 900 * DAY_MS }),
  },
  {
    code: 'IDENTITY_FORKED',
    lacks: 'RENEWAL_FAILING',
    arrange: async (host) => {
      const made = await host.authority.issueAgent({ fqdn: FQDN });
      await host.install({ certificatePem: made.chainPem, keyPem: made.privateKeyPem });
      const at = new Date(NOW).toISOString();
      await writeRenewalRecord(systemFiles, host.paths.dataFolder, {
        v: 1,
        serial: parseCertificate(made.certificatePem).serialHex,
        due_at: at,
        next_attempt_at: at,
        last_attempt_at: at,
        last_error: 'two machines',
        failures: 1,
        forked: true,
      });
    },
  },
  {
    code: 'RENEWAL_FAILING',
    says: /the manager says no/,
    arrange: (host) => host.audit('identity_renewal_failed', { reason: 'the manager says no' }),
  },
  {
    code: 'RENEWAL_OVERDUE',
    arrange: (host) => installFor(host, {}, { now: NOW - 300 * DAY_MS, lifetimeMs: 365 * DAY_MS }),
  },
];

const revocation: readonly BrokenState[] = [
  {
    code: 'OWN_CERT_REVOKED',
    arrange: async (host) => {
      const made = await host.authority.issueAgent({ fqdn: FQDN });
      const { serialHex } = parseCertificate(made.certificatePem);
      const crlPem = await host.authority.createCrl([serialHex]);
      await host.install({ certificatePem: made.chainPem, keyPem: made.privateKeyPem, crlPem });
    },
  },
  { code: 'CRL_MISSING', arrange: (host) => host.install({ crlPem: undefined }) },
  {
    code: 'CRL_UNREADABLE',
    variant: 'garbage',
    fixed: true,
    arrange: (host) => host.install({ crlPem: 'no list' }),
  },
  {
    code: 'CRL_UNREADABLE',
    variant: 'a folder in its place',
    fixed: true,
    arrange: async (host) => {
      await rm(host.paths.crl);
      await mkdir(host.paths.crl);
    },
  },
  {
    code: 'CRL_FOREIGN',
    fixed: true,
    arrange: async (host) => host.install({ crlPem: await (await testAuthority({ now: NOW })).createCrl() }),
  },
  {
    code: 'CRL_EXPIRED',
    arrange: async (host) => {
      const { issuing: issuer } = await sharedAuthority();
      const crlPem = await createCrl({
        issuer,
        revoked: [],
        number: 1n,
        now: NOW - 10 * DAY_MS,
        nextUpdateMs: NOW - 3 * DAY_MS,
      });
      await host.install({ crlPem });
    },
  },
];

export const IDENTITY_STATES: readonly BrokenState[] = [...store, ...identity, ...revocation];
