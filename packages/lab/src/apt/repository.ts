import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ToyPackage } from './deb.ts';
import { createSigningKey } from './signing.ts';
import { publishSuite, type Suite } from './suite.ts';
import { BASE_PACKAGES, MAIN_UPDATES, SECURITY_UPDATES } from './toys.ts';

/** What an apt source needs to name (sources.list(5)). */
export interface AptSource {
  readonly uri: string;
  readonly suites: readonly string[];
  /** Absolute path of the key that signs it. */
  readonly keyringPath: string;
}

/** A signed apt repository of toy packages, in a folder; `uri` is a `file:` URI. */
export interface ToyRepository extends AptSource {
  readonly folder: string;
  /** Adds the newer versions, ordinary and security, and perhaps more ordinary ones, and signs anew. */
  publishUpdates(more?: readonly ToyPackage[]): Promise<void>;
  /** Changes the signed text of every suite after signing; lasts until the next publication. */
  breakSignature(): Promise<void>;
  /** Takes every .deb of a package away while the index still names it; lasts until the next publication. */
  removePool(name: string): Promise<void>;
}

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

function suitesOf(distribution: string): readonly [main: Suite, security: Suite] {
  return [
    { codename: distribution, suite: 'stable', label: 'Debian' },
    { codename: `${distribution}-security`, suite: 'stable-security', label: 'Debian-Security' },
  ];
}

async function breakSignatures(folder: string, suites: readonly Suite[]): Promise<void> {
  for (const { codename } of suites) {
    const path = join(folder, 'dists', codename, 'InRelease');
    await writeFile(path, (await readFile(path, 'utf8')).replace('Origin: Debian', 'Origin: Debiam'));
    // Without this apt could fall back to the untouched Release file.
    await rm(join(folder, 'dists', codename, 'Release.gpg'), { force: true });
  }
}

async function removeDebs(folder: string, name: string): Promise<void> {
  const debs = (await readdir(join(folder, 'pool'), { recursive: true })).filter((path) =>
    path.includes(`/${name}_`),
  );
  if (debs.length === 0) throw new Error(`the repository has no package ${name}`);
  for (const path of debs) await rm(join(folder, 'pool', path));
}

/**
 * Builds the repository with the old versions only.
 *
 * `now` is the date of the first publication, by default a minute ago; each later one is dated a second after the one
 * before, so that apt never meets an older or an unborn Release file.
 */
export async function buildToyRepository(options: {
  readonly folder: string;
  readonly now?: Date;
  readonly distribution?: string;
}): Promise<ToyRepository> {
  const folder = resolve(options.folder);
  const suites = suitesOf(options.distribution ?? 'bookworm');
  let nextMs = options.now?.getTime() ?? Date.now() - MINUTE_MS;
  await mkdir(folder, { recursive: true });
  const key = await createSigningKey(new Date(nextMs - DAY_MS));
  const keyringPath = join(folder, 'lab.gpg');
  await writeFile(keyringPath, key.publicKeyring);
  const publish = async (updated: boolean, more: readonly ToyPackage[] = []): Promise<void> => {
    const now = new Date(nextMs);
    nextMs += 1_000;
    const [suite, security] = suites;
    const packages = updated ? [...BASE_PACKAGES, ...MAIN_UPDATES, ...more] : BASE_PACKAGES;
    await publishSuite({ folder, suite, packages, key, now });
    const fixes = updated ? SECURITY_UPDATES : [];
    await publishSuite({ folder, suite: security, packages: fixes, key, now });
  };
  await publish(false);
  return {
    folder,
    uri: pathToFileURL(folder).href,
    suites: suites.map((suite) => suite.codename),
    keyringPath,
    publishUpdates: (more) => publish(true, more),
    breakSignature: () => breakSignatures(folder, suites),
    removePool: (name) => removeDebs(folder, name),
  };
}
