import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemFiles } from '@linux-patch/runtime/node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openRepositoryFiles } from '../src/install/repository-files.ts';
import { startWorld, type World } from './world.ts';

const KEY = 'A1'.repeat(20);
/** Larger than what is read at once. */
const PACKAGE = Buffer.alloc(700_000, 'package');
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

let world: World;
beforeAll(async () => {
  world = await startWorld({ install: { release_key: KEY.toLowerCase() } });
  const folder = join(world.paths.installFolder, 'apt/amd64');
  await mkdir(folder, { recursive: true });
  await mkdir(join(world.paths.installFolder, 'apt/arm64'));
  await writeFile(join(folder, 'InRelease'), 'signed\n');
  await writeFile(join(folder, 'linux-patch-api_1.3.0-1_amd64.deb'), PACKAGE);
  await writeFile(join(folder, '.hidden'), 'hidden');
  await mkdir(join(world.paths.installFolder, 'packages/x86_64'), { recursive: true });
  await mkdir(join(world.paths.installFolder, 'packages/aarch64'));
  await writeFile(join(world.paths.installFolder, 'packages/x86_64/SHA256SUMS.gpg'), 'signed\n');
  await writeFile(join(world.paths.installFolder, 'apt/beside'), 'beside');
  await symlink(join(world.paths.caFolder, 'root.key.pem'), join(folder, 'link'));
});
afterAll(() => world[Symbol.asyncDispose]());

describe('what hosts install', () => {
  it('is given to whoever asks, with its length', async () => {
    const { status, text, headers } = await world.call({
      path: '/install/apt/amd64/linux-patch-api_1.3.0-1_amd64.deb',
    });
    expect([status, headers['content-length'], sha256(text)]).toEqual([
      200,
      String(PACKAGE.length),
      sha256(PACKAGE.toString()),
    ]);
  });

  it.each([
    'apt/amd64/Packages',
    'apt/amd64/link',
    'apt/amd64/.hidden',
    'apt/amd64/..%2fbeside',
    'apt/amd64/%2e%2e',
    'apt/..%2f..%2fca/root.pem',
    'apt/%2e%2e/beside',
    'apt/./beside',
    'packages/x86_64/Packages',
    'ca/amd64/InRelease',
    '__proto__/amd64/InRelease',
    `apt/amd64/${'a'.repeat(300)}`,
    'apt/amd64/a%00b',
    'apt/amd64/',
  ])('is nothing but files of the repository: %s is not there', async (path) => {
    const { status, text } = await world.call({ path: `/install/${path}` });
    expect([status, text]).toEqual([404, expect.stringContaining('NOT_FOUND')]);
  });

  it('is never half of one file and half of the next', async () => {
    const folder = world.paths.installFolder;
    await writeFile(join(folder, 'apt/amd64/growing.deb'), PACKAGE);
    const file = await openRepositoryFiles(systemFiles, folder).open(
      { kind: 'apt', architecture: 'amd64' },
      'growing.deb',
    );
    const read = async () => {
      for await (const piece of file.pieces()) {
        expect(piece.length).toBeGreaterThan(0);
        await systemFiles.writeDurably({
          path: join(folder, 'apt/amd64/growing.deb'),
          data: PACKAGE,
          mode: 0o644,
        });
      }
    };
    await expect(read()).rejects.toThrow('was replaced while it was read');
  });

  it('is told to who makes join tokens, with the hashes that a line carries', async () => {
    const { data } = (await world.admin('/install')).json();
    const script = (await world.call({ path: '/install/join.sh' })).text;
    const ca = (await world.call({ path: '/api/v1/pki/ca.pem' })).text;
    expect(data).toEqual({
      release_key: KEY,
      apt: ['amd64'],
      packages: ['x86_64'],
      script_sha256: sha256(script),
      ca_sha256: sha256(ca),
    });
  });

  it('comes with a script that a shell understands', async () => {
    const script = (await world.call({ path: '/install/join.sh' })).text;
    execFileSync('sh', ['-n'], { input: script });
  });
});
