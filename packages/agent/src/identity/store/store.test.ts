import { mkdir, readdir, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { testAuthority } from '@linux-patch/pki/testing';
import type { Files } from '@linux-patch/runtime';
import { systemFiles } from '@linux-patch/runtime/node';
import { temporaryFolder } from '@linux-patch/runtime/testing';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { inspectIdentity } from '../inspect.ts';
import { MANUAL_IDENTITY, readIdentityMeta } from './identity-meta.ts';
import { type Material, readMaterial } from './material.ts';
import { type CertificatePaths, pathsIn } from './paths.ts';
import { installGeneration } from './store.ts';

const now = Date.UTC(2026, 10, 23);
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let paths: CertificatePaths;
let sets: Material[];

beforeAll(async () => {
  const authority = await testAuthority({ now });
  const issued = await Promise.all(Array.from({ length: 6 }, () => authority.issueAgent()));
  sets = issued.map((one) => ({
    caPem: authority.caPem,
    certificatePem: one.chainPem,
    keyPem: one.privateKeyPem,
    crlPem: undefined,
  }));
});
beforeEach(async () => {
  folder = await temporaryFolder({ inMemory: true });
  const certs = join(folder.path, 'certs');
  paths = pathsIn(certs);
});
afterEach(() => folder[Symbol.asyncDispose]());

const meta = { ...MANUAL_IDENTITY, trust: 'code' as const, key_origin: 'host' as const };
const install = (index: number, files: Files = systemFiles) =>
  installGeneration({ files, paths, material: sets[index]!, meta });
const status = async () =>
  (await inspectIdentity({ files: systemFiles, paths, clock: { now: () => now }, thresholdDays: 7 })).status
    .status;

describe('the certificate store', () => {
  it('installs a set that is valid at the fixed paths, the key readable by its owner only', async () => {
    expect(await status()).toBe('missing');
    await install(0);
    expect(await status()).toBe('valid');
    expect((await stat(paths.key)).mode & 0o777).toBe(0o600);
    expect((await stat(paths.ca)).mode & 0o777).toBe(0o644);
    expect(await readIdentityMeta(systemFiles, paths)).toMatchObject({ trust: 'code', key_origin: 'host' });
  });

  it('keeps the last three sets', async () => {
    for (let index = 0; index < 5; index += 1) await install(index);
    expect(await readdir(join(folder.path, 'certs/generations'))).toEqual([
      'gen-000003',
      'gen-000004',
      'gen-000005',
    ]);
    expect((await readMaterial(systemFiles, paths)).keyPem).toBe(sets[4]!.keyPem);
  });

  it('takes over files that were copied by hand and leaves a .bak of each', async () => {
    await mkdir(join(folder.path, 'certs'));
    await writeFile(paths.ca, sets[0]!.caPem);
    await writeFile(paths.certificate, sets[0]!.certificatePem);
    await writeFile(paths.key, sets[0]!.keyPem, { mode: 0o644 });
    await install(1);
    expect(await readFile(paths.key, 'utf8')).toBe(sets[1]!.keyPem);
    expect(await readFile(`${paths.key}.bak`, 'utf8')).toBe(sets[0]!.keyPem);
    expect((await stat(`${paths.key}.bak`)).mode & 0o777).toBe(0o600);
    expect(await readlink(paths.key)).toBe('current/server.key.pem');
  });

  it('removes what a crash left: half a set and files that were being written', async () => {
    await install(0);
    const certs = join(folder.path, 'certs');
    await mkdir(join(certs, 'generations/gen-000002'));
    await writeFile(join(certs, 'generations/gen-000002/ca.pem'), 'half');
    await writeFile(join(certs, '.server.key.pem.77-1.tmp'), 'half a key');
    await install(1);
    expect(await readdir(join(certs, 'generations'))).toEqual(['gen-000001', 'gen-000003']);
    expect((await readdir(certs)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
    expect(await status()).toBe('valid');
  });

  it('takes a certificate that was put over one of its links as what it is, and knows nothing about it', async () => {
    await install(0);
    await rm(paths.certificate);
    await writeFile(paths.certificate, sets[1]!.certificatePem);
    await rm(paths.key);
    await writeFile(paths.key, sets[1]!.keyPem, { mode: 0o600 });
    expect(await status()).toBe('valid');
    const material = await readMaterial(systemFiles, paths);
    expect([material.certificatePem, material.keyPem]).toEqual([sets[1]!.certificatePem, sets[1]!.keyPem]);
    expect(await readIdentityMeta(systemFiles, paths)).toEqual(MANUAL_IDENTITY);
    await install(2);
    expect((await readMaterial(systemFiles, paths)).keyPem).toBe(sets[2]!.keyPem);
    expect(await readFile(`${paths.key}.bak`, 'utf8')).toBe(sets[1]!.keyPem);
    expect(await status()).toBe('valid');
  });

  it('takes its notes as void when another certificate was written through the link', async () => {
    await install(0);
    await writeFile(paths.certificate, sets[1]!.certificatePem);
    expect(await readIdentityMeta(systemFiles, paths)).toEqual(MANUAL_IDENTITY);
  });

  it('installs at configured paths in different folders', async () => {
    paths = { ...paths, ca: join(folder.path, 'elsewhere/my-ca.pem') };
    await install(0);
    expect(await status()).toBe('valid');
  });

  /** Every file-system call the install makes, in order; each is made to fail once. */
  async function callsOfOneInstall(): Promise<number> {
    let calls = 0;
    await install(
      1,
      failingAt(-1, () => (calls += 1)),
    );
    return calls;
  }

  function failingAt(failing: number, count: () => number): Files {
    return new Proxy(systemFiles, {
      get(target, name: keyof Files) {
        const real = target[name] as (...args: unknown[]) => unknown;
        return (...args: unknown[]) => {
          if (count() - 1 === failing)
            throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
          return real.apply(target, args);
        };
      },
    });
  }

  it.each(['first install', 'over an installed set', 'over copied files', 'over one copied pair'])(
    'leaves the old or the new set, complete, whichever call fails (%s)',
    async (situation) => {
      const prepare = async (): Promise<void> => {
        await folder[Symbol.asyncDispose]();
        folder = await temporaryFolder({ inMemory: true });
        const certs = join(folder.path, 'certs');
        paths = pathsIn(certs);
        if (situation === 'over an installed set') await install(0);
        if (situation === 'over one copied pair') {
          await install(0);
          await rm(paths.certificate);
          await writeFile(paths.certificate, sets[3]!.certificatePem);
          await rm(paths.key);
          await writeFile(paths.key, sets[3]!.keyPem, { mode: 0o600 });
        }
        if (situation === 'over copied files') {
          await mkdir(certs);
          await writeFile(paths.ca, sets[0]!.caPem);
          await writeFile(paths.certificate, sets[0]!.certificatePem);
          await writeFile(paths.key, sets[0]!.keyPem);
        }
      };
      await prepare();
      const total = await callsOfOneInstall();
      expect(total).toBeGreaterThan(15);
      for (let failing = 0; failing < total; failing += 1) {
        await prepare();
        let calls = 0;
        await install(
          1,
          failingAt(failing, () => (calls += 1)),
        ).catch((error: unknown) => {
          expect(error).toMatchObject({ code: 'PROVISION_FAILED' });
        });
        const after = await status();
        if (situation !== 'first install') expect(after, `call ${failing}`).toBe('valid');
        else expect(['valid', 'missing'], `call ${failing}`).toContain(after);
        await install(2);
        expect((await readMaterial(systemFiles, paths)).keyPem).toBe(sets[2]!.keyPem);
        expect(await status()).toBe('valid');
      }
    },
    120_000,
  );

  it('reports a file that may not be read as corrupt, with the reason', async () => {
    await install(0);
    await mkdir(join(folder.path, 'odd'));
    const odd = { ...paths, ca: join(folder.path, 'odd') };
    const { status: result } = await inspectIdentity({
      files: systemFiles,
      paths: odd,
      clock: { now: () => now },
      thresholdDays: 7,
    });
    expect(result).toMatchObject({ status: 'corrupt', path: odd.ca });
    expect(result.message).toContain('EISDIR');
  });
});
