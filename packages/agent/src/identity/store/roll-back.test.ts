import { chmod, chown, mkdir, readFile, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestAuthority, testAuthority } from '@linux-patch/pki/testing';
import { systemFiles } from '@linux-patch/runtime/node';
import { temporaryFolder } from '@linux-patch/runtime/testing';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type InspectedPlace, inspectIdentity } from '../inspect.ts';
import { protectKey } from './file-checks.ts';
import { MANUAL_IDENTITY } from './identity-meta.ts';
import { type Material, readMaterial } from './material.ts';
import { type CertificatePaths, pathsIn } from './paths.ts';
import { rollBackDamaged } from './roll-back.ts';
import { installGeneration } from './store.ts';

// The loop-back handshake judges by the machine's own clock.
const NOW = Math.floor(Date.now() / 1000) * 1000;
const DAY_MS = 86_400_000;
const meta = { ...MANUAL_IDENTITY, trust: 'code', key_origin: 'host' } as const;

let authority: TestAuthority;
let sets: Material[];
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let paths: CertificatePaths;
let certs: string;

async function materialOf(lifetimeMs = 30 * DAY_MS): Promise<Material> {
  const one = await authority.issueAgent({}, { lifetimeMs });
  const { chainPem: certificatePem, privateKeyPem: keyPem } = one;
  return { caPem: authority.caPem, certificatePem, keyPem, crlPem: undefined };
}

beforeAll(async () => {
  authority = await testAuthority({ now: NOW });
  sets = await Promise.all([materialOf(), materialOf(), materialOf()]);
});
beforeEach(async () => {
  folder = await temporaryFolder({ inMemory: true });
  certs = join(folder.path, 'certs');
  paths = pathsIn(certs);
});
afterEach(() => folder[Symbol.asyncDispose]());

const install = (material: Material) => installGeneration({ files: systemFiles, paths, material, meta });
const options = (now = NOW): InspectedPlace => ({
  files: systemFiles,
  paths,
  clock: { now: () => now },
  thresholdDays: 7,
});
const inspect = (now?: number) => inspectIdentity(options(now));
const checks = async () => (await inspect()).findings.map((finding) => finding.check);
const rollBack = async (now?: number) =>
  (await rollBackDamaged(options(now), (await inspect(now)).status))?.status;
const keyInUse = async () => (await readMaterial(systemFiles, paths)).keyPem;

describe('damaged certificates', () => {
  it.each<[string, () => Promise<unknown>]>([
    ['a certificate of no length', () => truncate(paths.certificate, 0)],
    ['a certificate cut short', () => truncate(paths.certificate, 300)],
    ['a key cut short', () => truncate(paths.key, 60)],
    ['a CA of no length', () => truncate(paths.ca, 0)],
    ['zeros where the key was', () => writeFile(paths.key, Buffer.alloc(241))],
    ['the certificate of another key', () => writeFile(paths.certificate, sets[2]!.certificatePem)],
    ['a key file that is gone', () => rm(join(certs, 'current/server.key.pem'))],
    ['a generation that is gone', () => rm(join(certs, 'generations/gen-000002'), { recursive: true })],
    ['one link that is gone', () => rm(paths.certificate)],
    ['a link to current that is gone', () => rm(join(certs, 'current'))],
    [
      'a link that leads nowhere',
      async () => {
        await rm(paths.certificate);
        await symlink('/nowhere/server.pem', paths.certificate);
      },
    ],
    [
      'an empty file put over a link',
      async () => {
        await rm(paths.certificate);
        await writeFile(paths.certificate, '');
      },
    ],
    [
      'a folder in the place of the certificate',
      async () => {
        await rm(paths.certificate);
        await mkdir(paths.certificate);
      },
    ],
    [
      'a link in a circle',
      async () => {
        await rm(paths.key);
        await symlink('server.key.pem', paths.key);
      },
    ],
  ])('%s: the newest kept set that passes every check is used', async (_what, damage) => {
    await install(sets[0]!);
    await install(sets[1]!);
    await damage();
    expect((await inspect()).status).not.toMatchObject({ status: 'valid' });
    expect(await rollBack()).toBe('valid');
    expect((await inspect()).status).toMatchObject({ status: 'valid' });
    expect([sets[0]!.keyPem, sets[1]!.keyPem]).toContain(await keyInUse());
    await install(sets[2]!);
    expect(await keyInUse()).toBe(sets[2]!.keyPem);
    expect((await inspect()).findings).toEqual([]);
  });

  it('are left to an enrolment where no set is good', async () => {
    await install(await materialOf(DAY_MS));
    await install(sets[1]!);
    await truncate(paths.key, 0);
    expect(await rollBack(NOW + 2 * DAY_MS)).toBeUndefined();
    expect((await inspect()).status).toMatchObject({ status: 'corrupt', path: paths.key });
  });

  it('are no certificates that somebody put there on purpose, or took away altogether', async () => {
    await install(sets[0]!);
    const stranger = await testAuthority({ now: NOW });
    await rm(paths.ca);
    await writeFile(paths.ca, stranger.caPem);
    expect(await rollBack()).toBeUndefined();
    expect((await inspect()).status).toMatchObject({ status: 'untrusted' });
    for (const path of [paths.ca, paths.certificate, paths.key]) await rm(path);
    expect(await rollBack()).toBeUndefined();
    expect((await inspect()).status).toMatchObject({ status: 'missing' });
  });

  it('are not what a wrong clock makes of good ones', async () => {
    await install(sets[0]!);
    const before = await readFile(paths.certificate, 'utf8');
    expect(await rollBack(NOW - 9000 * DAY_MS)).toBeUndefined();
    expect(await readFile(paths.certificate, 'utf8')).toBe(before);
  });
});

describe('the files', () => {
  it('with a key that others may read are protected and told', async () => {
    await install(sets[0]!);
    expect(await checks()).toEqual([]);
    await chmod(join(certs, 'current/server.key.pem'), 0o644);
    expect(await checks()).toEqual(['F1']);
    const [mended] = await protectKey(systemFiles, paths);
    expect(mended?.message).toContain('has mode 0644');
    expect(await checks()).toEqual([]);
  });

  it('of another owner, or in a folder that others may change, are told with the command that mends it', async () => {
    await install(sets[0]!);
    await chown(join(certs, 'generations/gen-000001/server.key.pem'), 12_345, 12_345);
    await chmod(certs, 0o777);
    const { status, findings } = await inspect();
    expect(status).toMatchObject({ status: 'valid' });
    expect(findings).toMatchObject([
      { check: 'F3', repair: `chmod go-w ${certs}` },
      { check: 'F2', repair: expect.stringMatching(/^chown root:root .*server\.key\.pem$/) },
    ]);
  });

  it('are not written through a link that somebody else made', async () => {
    await install(sets[0]!);
    const elsewhere = join(folder.path, 'elsewhere');
    await rename(certs, elsewhere);
    await symlink(elsewhere, certs);
    await install(sets[1]!);
    await chown(elsewhere, 12_345, 12_345);
    expect((await inspect()).status).toMatchObject({ status: 'valid' });
    expect(await checks()).toEqual(['F3']);
    await expect(install(sets[2]!)).rejects.toMatchObject({
      code: 'PROVISION_FAILED',
      message: expect.stringContaining('uid 12345'),
    });
    expect(await keyInUse()).toBe(sets[1]!.keyPem);
  });
});
