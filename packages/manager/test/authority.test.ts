import { execFileSync } from 'node:child_process';
import { chown, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseCertificates } from '@linux-patch/pki';
import type { Files } from '@linux-patch/runtime';
import { systemFiles, systemRandom } from '@linux-patch/runtime/node';
import { ManualClock, temporaryFolder } from '@linux-patch/runtime/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openAuthority } from '../src/authority/authority.ts';
import { initialiseAuthority } from '../src/authority/init.ts';
import { type ManagerPaths, managerPaths } from '../src/config/paths.ts';
import { openDatabase } from '../src/database/open.ts';
import { newAgent, newOlderAgent } from './agents.ts';
import { startWorld } from './world.ts';

const DAY_MS = 86_400_000;
const WEB = { dnsNames: ['manager.example.test', 'localhost'], ipAddresses: ['127.0.0.1'] };

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let paths: ManagerPaths;
let clock: ManualClock;
beforeEach(async () => {
  folder = await temporaryFolder();
  paths = managerPaths(folder.path);
  clock = new ManualClock(Date.now());
});
afterEach(() => folder[Symbol.asyncDispose]());

function init(files: Files = systemFiles): Promise<{ readonly caFingerprint: string }> {
  return initialiseAuthority({ files, clock, random: systemRandom, paths, webNames: WEB });
}
function open(webNames: typeof WEB = WEB) {
  return openAuthority({
    files: systemFiles,
    clock,
    random: systemRandom,
    paths,
    webNames,
    agentDays: 365,
    crlHours: 24,
    localHosts: [],
  });
}
function leafOf(pem: string) {
  const [leaf] = parseCertificates(pem);
  if (!leaf) throw new Error('no certificate');
  return leaf;
}

/** Files that fail at the nth write, as a crash would. */
function failingFiles(failAt: number): Files {
  let writes = 0;
  return {
    ...systemFiles,
    writeDurably: async (write) => {
      writes += 1;
      if (writes === failAt) throw new Error('power cut');
      await systemFiles.writeDurably(write);
    },
  };
}

describe('init', () => {
  it('keeps keys and database from everybody else', async () => {
    await init();
    const secret = ['root.key.pem', 'issuing.key.pem', 'client.key.pem', 'web.key.pem'];
    for (const path of [...secret.map((name) => join(paths.caFolder, name)), paths.database]) {
      expect([path, (await stat(path)).mode & 0o777]).toEqual([path, 0o600]);
    }
    expect((await stat(paths.caFolder)).mode & 0o777).toBe(0o700);
    await using database = await openDatabase(paths.database);
    expect(await database.db.selectFrom('hosts').selectAll().execute()).toEqual([]);
    for (const name of await readdir(paths.dataFolder)) {
      const { mode } = await stat(join(paths.dataFolder, name));
      expect([name, mode & 0o077]).toEqual([name, 0]);
    }
  });

  it('by root gives what it makes to the user whose data folder it is', async () => {
    const nobody = 65_534;
    await mkdir(paths.dataFolder, { recursive: true, mode: 0o700 });
    await chown(paths.dataFolder, nobody, nobody);
    await init();
    const names = (await readdir(paths.dataFolder, { recursive: true })).sort();
    expect(names).toEqual(expect.arrayContaining(['ca', 'ca/root.key.pem', 'ca/web.pem', 'manager.sqlite']));
    for (const name of names) {
      const { uid, gid } = await stat(join(paths.dataFolder, name));
      expect([name, uid, gid]).toEqual([name, nobody, nobody]);
    }
  });

  it('a second time changes nothing', async () => {
    const { caFingerprint } = await init();
    await expect(init()).rejects.toMatchObject({ code: 'ALREADY_INITIALIZED' });
    expect((await open()).caFingerprint).toBe(caFingerprint);
  });

  it('that is cut off at any write leaves no authority, and the next one leaves no keys of it', async () => {
    for (let failAt = 1; failAt <= 9; failAt += 1) {
      await expect(init(failingFiles(failAt))).rejects.toThrow('power cut');
      await expect(open()).rejects.toMatchObject({ code: 'NOT_INITIALIZED' });
    }
    await init();
    expect((await readdir(paths.dataFolder)).sort()).toEqual(['ca', 'manager.sqlite']);
  });
});

describe('certificates', () => {
  it('of both generations of agents, and the revocation list, satisfy openssl', async () => {
    await using world = await startWorld();
    const agent = await newAgent(world);
    const bundle = await agent.join();
    const older = newOlderAgent(world);
    await older.register();
    await older.approve();
    const olderBundle = (await older.poll()).json();
    const cases = [
      { name: 'current', one: bundle, host: agent.facts },
      { name: 'older', one: olderBundle, host: older.facts },
    ];
    for (const { name, one, host } of cases) {
      const at = (file: string): string => join(folder.path, `${name}.${file}`);
      await writeFile(at('root'), world.caPem);
      await writeFile(at('chain'), one.ca_chain);
      await writeFile(at('leaf'), one.server_crt);
      await writeFile(at('crl'), one.crl_pem);
      const verify = (...more: string[]): string =>
        execFileSync(
          'openssl',
          ['verify', '-CAfile', at('root'), '-untrusted', at('chain'), ...more, at('leaf')],
          { encoding: 'utf8', stdio: 'pipe' },
        );
      expect(verify('-purpose', 'sslserver', '-verify_hostname', host.fqdn)).toContain('OK');
      expect(verify('-verify_ip', host.ip_address, '-crl_check', '-CRLfile', at('crl'))).toContain('OK');
      expect(() => verify('-purpose', 'sslclient')).toThrow();
      expect(() => verify('-verify_hostname', 'manager.example.test')).toThrow();
    }
  });

  it("the manager's own are renewed when less than a third of their life is left", async () => {
    await init();
    const authority = await open();
    const [web, client] = [await authority.webPair(), await authority.clientPair()];
    await clock.advance(200 * DAY_MS);
    expect(await authority.webPair()).toEqual(web);
    await clock.advance(50 * DAY_MS);
    const renewed = await authority.clientPair();
    expect(leafOf(renewed.certificatePem).serialHex).not.toBe(leafOf(client.certificatePem).serialHex);
    expect(leafOf(renewed.certificatePem).commonName).toBe('patch-manager-client');
    expect(await authority.clientPair()).toEqual(renewed);
  });

  it('the web certificate follows the configured names', async () => {
    await init();
    const wider = { ...WEB, dnsNames: [...WEB.dnsNames, 'patch.example.test'] };
    const { certificatePem } = await (await open(wider)).webPair();
    expect(leafOf(certificatePem).dnsNames).toContain('patch.example.test');
  });

  it('one whose key is of another one, as after a crash in a renewal, is made anew', async () => {
    await init();
    const issuingKey = await readFile(join(paths.caFolder, 'issuing.key.pem'), 'utf8');
    await writeFile(join(paths.caFolder, 'web.key.pem'), issuingKey);
    const authority = await open();
    const [one, two] = await Promise.all([authority.webPair(), authority.webPair()]);
    expect(one).toEqual(two);
    expect(one.privateKeyPem).not.toBe(issuingKey);
    expect(one.certificatePem).toBe(await readFile(join(paths.caFolder, 'web.pem'), 'utf8'));
  });
});
