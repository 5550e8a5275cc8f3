import { chmodSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '@linux-patch/runtime/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rootOf, USERS } from './lab-users.ts';
import { createPrivateAptRoot } from './private-root.ts';
import { buildToyRepository, type ToyRepository } from './repository.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let updated: ToyRepository;
let roots = 0;

beforeAll(async () => {
  folder = await temporaryFolder();
  chmodSync(folder.path, 0o755);
  updated = await buildToyRepository({ folder: join(folder.path, 'updated') });
  await updated.publishUpdates();
});
afterAll(() => folder[Symbol.asyncDispose]());

const ownRepository = (): Promise<ToyRepository> =>
  buildToyRepository({ folder: join(folder.path, `repository${(roots += 1)}`) });

const newRoot = (repository: ToyRepository) =>
  createPrivateAptRoot({ folder: join(folder.path, `root${(roots += 1)}`), repository });

describe('a toy repository', () => {
  it('offers only the old versions until the updates are published', async () => {
    const repository = await ownRepository();
    const root = await newRoot(repository);
    await root.update();
    await root.install(['toyhello', 'toyapp', 'toyheld', 'toyphased', 'toyconf', 'toyreboot']);
    expect((await root.run('apt-get', ['-s', 'upgrade'])).stdout).not.toContain('Inst ');
    await repository.publishUpdates();
    await root.update();
    expect((await root.run('apt-get', ['-s', 'upgrade'])).stdout.match(/^Inst .*$/gm)).toEqual([
      'Inst toylib [1.0-1] (1.0-1+deb12u1 Debian-Security:stable-security [all])',
      'Inst toyapp [1.0-1] (1.2-1 Debian:stable [all])',
      'Inst toyconf [1.0-1] (1.1-1 Debian:stable [all])',
      'Inst toyheld [1.0-1] (1.1-1 Debian:stable [all])',
      'Inst toyhello [1.0-1] (1.1-1 Debian:stable [all])',
      'Inst toyreboot [1.0-1] (1.1-1 Debian-Security:stable-security [all])',
    ]);
  });

  it('describes its packages as real ones are described', async () => {
    const root = await newRoot(updated);
    await root.update();
    const shown = (await root.run('apt-cache', ['show', 'toylib=1.0-1+deb12u1'])).stdout;
    for (const line of [
      'Section: libs',
      'Maintainer: Lab <lab@example.test>',
      'Homepage: https://example.test/toylib',
      'Installed-Size: 12',
      'Description: toy library',
      ' .',
    ]) {
      expect(shown.split('\n')).toContain(line);
    }
  });

  it('names the CVE in the changelog of a security update', async () => {
    const root = await newRoot(updated);
    await root.update();
    await root.install(['toylib', 'toyreboot']);
    for (const name of ['toylib', 'toyreboot']) {
      const path = join(root.folder, 'usr/share/doc', name, 'changelog.Debian.gz');
      expect((await root.run('gzip', ['-dc', path])).stdout).toContain('CVE-2026-0001');
    }
  });

  it('has a package whose dependency cannot be satisfied', async () => {
    const root = await newRoot(updated);
    await root.update();
    await expect(root.install(['toymeta'])).rejects.toThrow(/ended with 100.*(unmet dependencies|unable)/is);
  });

  it.each(USERS)('is refused by apt, run by %s, while its signature is broken', async (user) => {
    const repository = await ownRepository();
    await repository.breakSignature();
    const run = await rootOf(user, await newRoot(repository));
    const result = await run('apt-get', ['update', '-o', 'APT::Update::Error-Mode=any']);
    expect(result.exitCode).toBe(100);
    expect(result.stderr).toMatch(/BADSIG|not signed/);
    await repository.publishUpdates();
    expect((await run('apt-get', ['update', '-o', 'APT::Update::Error-Mode=any'])).exitCode).toBe(0);
  });

  it('is refused by apt when another key signed it', async () => {
    const other = await ownRepository();
    const root = await newRoot({ ...updated, keyringPath: other.keyringPath });
    await expect(root.update()).rejects.toThrow(/ended with 100.*(NO_PUBKEY|not signed)/s);
  });

  it('lists packages whose files are gone, until it is published again', async () => {
    const repository = await ownRepository();
    await repository.removePool('toyhello');
    const root = await newRoot(repository);
    await root.update();
    await expect(root.install(['toyhello'])).rejects.toThrow(/ended with 100/);
    await repository.publishUpdates();
    await root.update();
    await root.install(['toyhello']);
  });

  it('says so when a package that is to lose its files does not exist', async () => {
    await expect(updated.removePool('toynothing')).rejects.toThrow(/has no package toynothing/);
  });

  it('bears the distribution and the date it is told', async () => {
    const repository = await buildToyRepository({
      folder: join(folder.path, 'dated'),
      now: new Date('2026-03-01T12:00:00Z'),
      distribution: 'trixie',
    });
    const dists = join(repository.folder, 'dists');
    expect((await readdir(dists)).sort()).toEqual(['trixie', 'trixie-security']);
    const root = await newRoot(repository);
    await root.update();
    await root.install(['toyhello']);
    const policy = (await root.run('apt-cache', ['policy'])).stdout;
    expect(policy).toContain('n=trixie,');
    const release = (await root.run('cat', [join(dists, 'trixie/InRelease')])).stdout;
    expect(release).toContain('Date: Sun, 01 Mar 2026 12:00:00 UTC');
  });
});
