import { appendFile, copyFile, cp, mkdir, readFile, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { HOUR_MS } from '@linux-patch/contract';
import { must, runProgram } from '../process.ts';
import { buildPacmanPackage, fileOf, type PacmanToy } from './build.ts';
import { PACMAN_BASE, PACMAN_UPDATES } from './toys.ts';

/** The name of the repository in pacman.conf. */
export const REPOSITORY_NAME = 'lab';

/** A signed repository of toys in a folder. As those of distributions, it knows only the newest version of each. */
export interface PacmanRepository extends AsyncDisposable {
  /** What servers of pacman.conf name. */
  readonly served: string;
  /** The database as it was before the newer versions came, with its signature. */
  readonly baseDatabase: string;
  readonly keyPath: string;
  /** Adds packages and signs anew. */
  publish(toys: readonly PacmanToy[]): Promise<void>;
  /** Another one of the same packages, signed by the same key, in another folder. */
  copy(folder: string): Promise<PacmanRepository>;
  /** Changes what is signed after signing; lasts until the next publication. */
  breakSignature(): Promise<void>;
  /** Changes a package after it was signed. */
  spoilPackage(toy: Pick<PacmanToy, 'name' | 'version'>): Promise<void>;
  hide(): Promise<void>;
}

const KEY = [
  '--passphrase',
  '',
  '--quick-gen-key',
  'PacmanLab <lab@example.test>',
  'rsa2048',
  'sign',
  'never',
];

/** Makes the key of a repository in a folder, which must have a short path: GnuPG keeps a socket in it. */
async function makeKey(home: string): Promise<string> {
  await mkdir(home, { recursive: true, mode: 0o700 });
  const env = { GNUPGHOME: home };
  const keyPath = join(home, 'key.gpg');
  must(await runProgram('gpg', ['--batch', '--quiet', ...KEY], { env }), 'gpg');
  must(await runProgram('gpg', ['--batch', '--quiet', '--output', keyPath, '--export'], { env }), 'gpg');
  return keyPath;
}

function repositoryAt(folder: string, home: string): PacmanRepository {
  const env = { GNUPGHOME: home };
  const served = join(folder, 'served');
  const database = join(served, `${REPOSITORY_NAME}.db`);
  return {
    served,
    baseDatabase: join(folder, 'base', `${REPOSITORY_NAME}.db`),
    keyPath: join(home, 'key.gpg'),
    async publish(toys) {
      const paths = await Promise.all(toys.map((toy) => buildPacmanPackage(served, toy)));
      for (const path of paths)
        must(await runProgram('gpg', ['--batch', '--quiet', '--yes', '--detach-sign', path], { env }), 'gpg');
      const args = ['--quiet', '--sign', join(served, `${REPOSITORY_NAME}.db.tar.gz`), ...paths];
      must(await runProgram('repo-add', args, { env }), 'repo-add');
    },
    async copy(other) {
      await cp(folder, other, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
      return repositoryAt(other, home);
    },
    breakSignature: () => appendFile(database, 'spoiled'),
    async spoilPackage(toy) {
      const path = join(served, fileOf(toy));
      const data = await readFile(path);
      const middle = data.length >> 1;
      data.writeUInt8(data.readUInt8(middle) ^ 1, middle);
      await writeFile(path, data);
    },
    hide: () => rename(served, `${served}.hidden`),
    [Symbol.asyncDispose]: async () => void (await runProgram('gpgconf', ['--kill', 'all'], { env })),
  };
}

/** Builds the repository with the newer versions in it, and the database that it had before. */
export async function buildPacmanRepository(options: { readonly folder: string }): Promise<PacmanRepository> {
  const folder = resolve(options.folder);
  const home = join(folder, 'key');
  await makeKey(home);
  const repository = repositoryAt(folder, home);
  await mkdir(repository.served, { recursive: true });
  await repository.publish(PACMAN_BASE);
  const base = join(folder, 'base');
  await mkdir(base);
  // pacman goes by the time of a database, in seconds.
  const before = new Date(Date.now() - HOUR_MS);
  for (const name of [`${REPOSITORY_NAME}.db`, `${REPOSITORY_NAME}.db.sig`]) {
    await copyFile(join(repository.served, name), join(base, name));
    await utimes(join(base, name), before, before);
  }
  await repository.publish(PACMAN_UPDATES);
  await rm(join(repository.served, '.build'), { recursive: true, force: true });
  return repository;
}
