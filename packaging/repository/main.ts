import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { Command } from 'commander';
import { ensurePrograms } from '../../tools/system-packages.ts';
import { run } from '../build/shell.ts';
import { PROGRAMS } from '../programs.ts';
import { type IndexedFile, packagesEntry, releaseText } from './apt-index.ts';
import { findReleaseKey, type ReleaseKey } from './release-key.ts';

interface Options {
  readonly releaseKey: string;
  readonly packages: string;
  readonly out: string;
}

const root = resolve(import.meta.dirname, '../..');

/** `linux-patch-api_1.3.0-1_amd64.deb` of any of our programs. */
function debsIn(folder: string): { readonly file: string; readonly architecture: string }[] {
  const names = PROGRAMS.map((program) => program.name).join('|');
  const pattern = new RegExp(`^(?:${names})_[^_]+_([a-z0-9]+)\\.deb$`);
  return readdirSync(folder).flatMap((file) => {
    const architecture = pattern.exec(file)?.[1];
    return architecture === undefined ? [] : [{ file, architecture }];
  });
}

/** `linux-patch-api-1.3.0-1.x86_64.rpm`, or `linux-patch-api-1.3.0-1-x86_64.pkg.tar.zst`, of any of our programs. */
function othersIn(folder: string): { readonly file: string; readonly architecture: string }[] {
  const names = PROGRAMS.map((program) => program.name).join('|');
  const pattern = new RegExp(`^(?:${names})-[^_]+[.-](x86_64|aarch64)\\.(?:rpm|pkg\\.tar\\.[a-z]+)$`);
  return readdirSync(folder).flatMap((file) => {
    const architecture = pattern.exec(file)?.[1];
    return architecture === undefined ? [] : [{ file, architecture }];
  });
}

interface Publication {
  readonly packages: string;
  readonly folder: string;
  readonly key: ReleaseKey;
}

/** Packages that hosts install one by one, each by its hash; the list of the hashes is signed. */
function publishOthers(files: readonly string[], { packages, folder, key }: Publication): void {
  mkdirSync(folder, { recursive: true });
  const sums = files.map((name) => {
    const data = readFileSync(join(packages, name));
    writeFileSync(join(folder, name), data);
    return `${createHash('sha256').update(data).digest('hex')}  ${name}\n`;
  });
  const list = join(folder, 'SHA256SUMS');
  writeFileSync(list, sums.join(''));
  key.signDetached(list, `${list}.gpg`);
  key.writePublic(join(folder, 'release-key.gpg'));
}

/** A flat repository for one architecture; complete and signed before anybody can ask for it. */
function publish(
  architecture: string,
  files: readonly string[],
  { packages, folder, key }: Publication,
): void {
  mkdirSync(folder, { recursive: true });
  const entries = files.map((name) => {
    const data = readFileSync(join(packages, name));
    writeFileSync(join(folder, name), data);
    return packagesEntry(run('dpkg-deb', ['-f', join(packages, name)]), architecture, { name, data });
  });
  const index = Buffer.from(entries.join('\n'));
  const indexes: IndexedFile[] = [
    { name: 'Packages', data: index },
    { name: 'Packages.gz', data: gzipSync(index) },
  ];
  for (const { name, data } of indexes) writeFileSync(join(folder, name), data);
  const release = join(folder, 'Release');
  writeFileSync(release, releaseText(architecture, { publishedMs: Date.now(), indexes }));
  key.signDetached(release, join(folder, 'Release.gpg'));
  key.signInline(release, join(folder, 'InRelease'));
  key.writePublic(join(folder, 'release-key.gpg'));
}

function namesOf(found: ReadonlyMap<string, unknown>): string {
  return found.size === 0 ? 'nothing' : [...found.keys()].join(' and ');
}

function build(options: Options): void {
  ensurePrograms('Signing packages', [
    ['gpg', 'gnupg'],
    ['dpkg-deb', 'dpkg'],
  ]);
  const packages = resolve(options.packages);
  const out = resolve(options.out);
  const debs = Map.groupBy(debsIn(packages), (one) => one.architecture);
  const others = Map.groupBy(othersIn(packages), (one) => one.architecture);
  if (debs.size + others.size === 0)
    throw new Error(`${packages} has no packages of Linux Patch; make them with: npm run build:packages`);
  const key = findReleaseKey(options.releaseKey);
  const next = `${out}.next-${process.pid}`;
  const before = `${out}.before-${process.pid}`;
  for (const [architecture, found] of debs) {
    const files = found.map((one) => basename(one.file)).toSorted();
    publish(architecture, files, { packages, folder: join(next, 'apt', architecture), key });
  }
  for (const [architecture, found] of others) {
    const files = found.map(({ file }) => file).toSorted();
    publishOthers(files, { packages, folder: join(next, 'packages', architecture), key });
  }
  // Whoever reads the folder finds the one before or this one, whole.
  if (existsSync(out)) renameSync(out, before);
  renameSync(next, out);
  rmSync(before, { recursive: true, force: true });
  process.stdout.write(
    [
      `${out}: for apt on ${namesOf(debs)}; for dnf, zypper and pacman on ${namesOf(others)}; signed by ${key.fingerprint}`,
      'Copy the folder to the manager (/var/lib/linux_patch_manager/install) and name the key in its configuration:',
      `  install: { release_key: ${key.fingerprint} }`,
      '',
    ].join('\n'),
  );
}

await new Command('build:repository')
  .description('Makes the signed folder that hosts install from; the manager serves it and cannot sign.')
  .requiredOption('--release-key <fingerprint>', "the OpenPGP key that signs, in gpg's keyring")
  .option('--packages <folder>', 'finished packages', join(root, 'dist'))
  .option('--out <folder>', 'what to make', join(root, 'dist/install'))
  .action((options: Options) => build(options))
  .parseAsync();
