import { createHash } from 'node:crypto';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { must, runProgram } from '../process.ts';
import { buildDeb, controlFields, type ToyPackage } from './deb.ts';
import type { SigningKey } from './signing.ts';

/** One suite of a repository, for example `bookworm-security`. */
export interface Suite {
  readonly codename: string;
  readonly suite: string;
  readonly label: string;
  /** Further fields of the Release file, such as `NotAutomatic`. */
  readonly fields?: Readonly<Record<string, string>>;
}

function poolPath(suite: Suite, toy: ToyPackage): string {
  return `pool/${suite.codename}/${toy.name}_${toy.version.replaceAll(':', '%3a')}_${toy.architecture ?? 'all'}.deb`;
}

async function indexEntry(folder: string, suite: Suite, toy: ToyPackage): Promise<string> {
  const path = poolPath(suite, toy);
  const file = join(folder, path);
  if (!(await stat(file).catch(() => undefined))) await buildDeb(toy, file);
  const data = await readFile(file);
  return [
    controlFields(toy).trimEnd(),
    ...(toy.phasedPercentage === undefined ? [] : [`Phased-Update-Percentage: ${toy.phasedPercentage}`]),
    `Filename: ${path}`,
    `Size: ${data.length}`,
    `SHA256: ${createHash('sha256').update(data).digest('hex')}`,
    '',
  ].join('\n');
}

/** The index entry of a package that exists already, such as one of the distribution's own. */
async function readyEntry(folder: string, path: string): Promise<string> {
  const file = join(folder, path);
  const data = await readFile(file);
  const control = must(await runProgram('dpkg-deb', ['-f', file]), `dpkg-deb -f ${path}`).stdout;
  return [
    control.trimEnd(),
    `Filename: ${path}`,
    `Size: ${data.length}`,
    `SHA256: ${createHash('sha256').update(data).digest('hex')}`,
    '',
  ].join('\n');
}

function releaseText(suite: Suite, now: Date, indexes: readonly { name: string; data: Buffer }[]): string {
  const hashes = indexes.map(
    ({ name, data }) => ` ${createHash('sha256').update(data).digest('hex')} ${data.length} ${name}`,
  );
  return [
    'Origin: Debian',
    `Label: ${suite.label}`,
    `Suite: ${suite.suite}`,
    `Codename: ${suite.codename}`,
    `Date: ${now.toUTCString().replace('GMT', 'UTC')}`,
    'Architectures: all amd64 arm64',
    'Components: main',
    ...Object.entries(suite.fields ?? {}).map(([name, value]) => `${name}: ${value}`),
    'SHA256:',
    ...hashes,
    '',
  ].join('\n');
}

/** Writes pool, indexes and signed release files of one suite (Debian repository format, wiki.debian.org/DebianRepository/Format). */
export async function publishSuite(options: {
  readonly folder: string;
  readonly suite: Suite;
  readonly packages: readonly ToyPackage[];
  /** Paths of finished packages below `folder`. */
  readonly ready?: readonly string[];
  readonly key: SigningKey;
  readonly now: Date;
}): Promise<void> {
  const { folder, suite } = options;
  const entries = await Promise.all([
    ...options.packages.map((toy) => indexEntry(folder, suite, toy)),
    ...(options.ready ?? []).map((path) => readyEntry(folder, path)),
  ]);
  const packages = Buffer.from(entries.join('\n'));
  const indexes = ['amd64', 'arm64'].flatMap((architecture) => [
    { name: `main/binary-${architecture}/Packages`, data: packages },
    { name: `main/binary-${architecture}/Packages.gz`, data: gzipSync(packages) },
  ]);
  const dist = join(folder, 'dists', suite.codename);
  for (const { name, data } of indexes) {
    await mkdir(join(dist, name, '..'), { recursive: true });
    await writeFile(join(dist, name), data);
  }
  const release = releaseText(suite, options.now, indexes);
  await writeFile(join(dist, 'Release'), release);
  await writeFile(join(dist, 'Release.gpg'), await options.key.detachedSign(release, options.now));
  await writeFile(join(dist, 'InRelease'), await options.key.clearSign(release, options.now));
}
