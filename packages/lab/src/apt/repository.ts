import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createSigningKey, type SigningKey } from './signing.ts';
import { publishSuite, type Suite } from './suite.ts';
import { BASE_PACKAGES, MAIN_UPDATES, SECURITY_UPDATES } from './toys.ts';

/** A signed apt repository of toy packages, in a folder. */
export interface ToyRepository {
  readonly folder: string;
  /** `file:` URI for apt sources. */
  readonly uri: string;
  readonly suites: readonly string[];
  readonly keyringPath: string;
  /** Adds the newer versions, ordinary and security, and signs anew. */
  publishUpdates(): Promise<void>;
  /** Changes the signed text of every suite after signing. */
  breakSignature(): Promise<void>;
  /** Takes every .deb of a package away while the index still names it. */
  removePool(name: string): Promise<void>;
}

const MAIN: Suite = { codename: 'bookworm', suite: 'stable', label: 'Debian' };
const SECURITY: Suite = { codename: 'bookworm-security', suite: 'stable-security', label: 'Debian-Security' };
const SUITES = [MAIN, SECURITY];

/** A key made a day ago, so that a clock that is a little off does not make it look unborn. */
const KEY_AGE_MS = 86_400_000;

async function publish(folder: string, key: SigningKey, updated: boolean): Promise<void> {
  const now = new Date();
  const main = updated ? [...BASE_PACKAGES, ...MAIN_UPDATES] : BASE_PACKAGES;
  await publishSuite({ folder, suite: MAIN, packages: main, key, now });
  await publishSuite({ folder, suite: SECURITY, packages: updated ? SECURITY_UPDATES : [], key, now });
}

/** Builds the repository with the old versions only. */
export async function buildToyRepository(options: { readonly folder: string }): Promise<ToyRepository> {
  const { folder } = options;
  await mkdir(folder, { recursive: true });
  const key = await createSigningKey(new Date(Date.now() - KEY_AGE_MS));
  const keyringPath = join(folder, 'lab.gpg');
  await writeFile(keyringPath, key.publicKeyring);
  await publish(folder, key, false);
  return {
    folder,
    uri: `file:${folder}`,
    suites: SUITES.map((suite) => suite.codename),
    keyringPath,
    publishUpdates: () => publish(folder, key, true),
    async breakSignature() {
      for (const suite of SUITES) {
        const path = join(folder, 'dists', suite.codename, 'InRelease');
        await writeFile(path, (await readFile(path, 'utf8')).replace('Origin: Debian', 'Origin: Debiam'));
        await rm(join(folder, 'dists', suite.codename, 'Release.gpg'), { force: true });
      }
    },
    async removePool(name) {
      for (const suite of SUITES) {
        const pool = join(folder, 'pool', suite.codename);
        for (const file of await readdir(pool).catch(() => [])) {
          if (file.startsWith(`${name}_`)) await rm(join(pool, file));
        }
      }
    },
  };
}
