import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PackageManager } from '../../worker/src/package-interface/package-manager.ts';
import type { ToyPackage } from '../src/apt/deb.ts';
import { createPrivateAptRoot, type PrivateAptRoot } from '../src/apt/private-root.ts';
import { createSigningKey } from '../src/apt/signing.ts';
import { publishSuite } from '../src/apt/suite.ts';
import { openOn } from './apt-bench.ts';

const DAY_MS = 86_400_000;
const SUITES = {
  main: { codename: 'bookworm', suite: 'stable', label: 'Debian' },
  security: { codename: 'bookworm-security', suite: 'stable-security', label: 'Debian-Security' },
} as const;

/** A host whose packages are made for one test. */
interface OwnBench {
  readonly packages: PackageManager;
  readonly apt: PrivateAptRoot;
  readonly root: string;
  /** Folder of its repository. */
  readonly repository: string;
}

/** A private root with `old` installed (or only `installed` of them) and `next` published since. */
export async function ownBench(
  folder: string,
  given: {
    readonly old: readonly ToyPackage[];
    readonly next?: readonly ToyPackage[];
    readonly security?: readonly ToyPackage[];
    readonly installed?: readonly string[];
  },
): Promise<OwnBench> {
  const base = join(folder, crypto.randomUUID().slice(0, 8));
  const repository = join(base, 'repository');
  await mkdir(repository, { recursive: true });
  const key = await createSigningKey(new Date(Date.now() - DAY_MS));
  const keyringPath = join(repository, 'key.gpg');
  await writeFile(keyringPath, key.publicKeyring);
  const publish = (suite: keyof typeof SUITES, packages: readonly ToyPackage[], ageMs: number) =>
    publishSuite({
      folder: repository,
      suite: SUITES[suite],
      packages,
      key,
      now: new Date(Date.now() - ageMs),
    });
  await publish('main', given.old, 60_000);
  await publish('security', [], 60_000);
  const source = { uri: `file:${repository}`, suites: ['bookworm', 'bookworm-security'], keyringPath };
  const root = join(base, 'root');
  const apt = await createPrivateAptRoot({ folder: root, repository: source });
  await apt.update();
  const installed = given.installed ?? given.old.map((one) => one.name);
  if (installed.length > 0) await apt.install(installed);
  await publish('main', [...given.old, ...(given.next ?? [])], 30_000);
  await publish('security', given.security ?? [], 30_000);
  await apt.update();
  return { packages: await openOn(root), apt, root, repository };
}

/** The updates of security only. */
export const security = { selection: { kind: 'security' as const }, exclude: [] };

/** The updates of these packages. */
export const named = (...names: string[]) => ({
  selection: { kind: 'names' as const, names, securityOnly: false },
  exclude: [],
});

/** The version of each package by its name. */
export async function versions({ inventory }: PackageManager): Promise<Record<string, string>> {
  return Object.fromEntries((await inventory.listPackages()).map((one) => [one.name, one.version]));
}
