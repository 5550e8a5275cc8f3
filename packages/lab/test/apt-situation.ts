import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PackageManager } from '../../worker/src/package-interface/package-manager.ts';
import type { ToyPackage } from '../src/apt/deb.ts';
import { createPrivateAptRoot, type PrivateAptRoot } from '../src/apt/private-root.ts';
import { createSigningKey } from '../src/apt/signing.ts';
import { publishSuite, type Suite } from '../src/apt/suite.ts';
import { must } from '../src/process.ts';
import { openOn } from './apt-bench.ts';

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

const SUITES = {
  main: { codename: 'bookworm', suite: 'stable', label: 'Debian' },
  security: { codename: 'bookworm-security', suite: 'stable-security', label: 'Debian-Security' },
  backports: {
    codename: 'bookworm-backports',
    suite: 'stable-backports',
    label: 'Debian Backports',
    fields: { NotAutomatic: 'yes', ButAutomaticUpgrades: 'yes' },
  },
} as const satisfies Record<string, Suite>;

type Published = Partial<Record<keyof typeof SUITES, readonly ToyPackage[]>>;

/** A private root whose repository has several suites. */
export interface Situation {
  readonly apt: PrivateAptRoot;
  readonly root: string;
  readonly repository: string;
  readonly packages: PackageManager;
  /** Publishes in all suites what they have from now on, and refreshes the lists of the root. */
  publish(published: Published): Promise<void>;
  /** Writes a file below the root. */
  write(path: string, text: string): Promise<void>;
}

/** Makes a root below `folder` with `installed` from what is `published` first. */
export async function situation(
  folder: string,
  options: {
    readonly published: Published;
    readonly installed: readonly string[];
    readonly suites?: readonly (keyof typeof SUITES)[];
    /** What the suites call themselves, where it is not the usual. */
    readonly named?: Partial<Record<keyof typeof SUITES, Suite>>;
    readonly foreign?: string;
    /** How long ago the repository was signed; ten minutes unless said otherwise. */
    readonly ageMs?: number;
  },
): Promise<Situation> {
  const base = join(folder, crypto.randomUUID().slice(0, 8));
  const repository = join(base, 'repository');
  const root = join(base, 'root');
  await mkdir(repository, { recursive: true });
  const { ageMs = 10 * MINUTE_MS } = options;
  const key = await createSigningKey(new Date(Date.now() - ageMs - DAY_MS));
  const keyringPath = join(repository, 'key.gpg');
  await writeFile(keyringPath, key.publicKeyring);
  const names = options.suites ?? ['main', 'security'];
  let nextMs = Date.now() - ageMs;
  const release: Situation['publish'] = async (published) => {
    const now = new Date((nextMs += 1_000));
    for (const name of names) {
      const suite = options.named?.[name] ?? SUITES[name];
      await publishSuite({ folder: repository, suite, packages: published[name] ?? [], key, now });
    }
  };
  await release(options.published);
  const source = {
    uri: `file:${repository}`,
    suites: names.map((name) => SUITES[name].codename),
    keyringPath,
  };
  const apt = await createPrivateAptRoot({ folder: root, repository: source });
  const write: Situation['write'] = (path, text) => writeFile(join(root, path), text);
  if (options.foreign !== undefined) {
    await write('etc/apt/apt.conf.d/foreign', `APT::Architectures:: "${options.foreign}";\n`);
    must(await apt.run('dpkg', ['--add-architecture', options.foreign]), 'dpkg --add-architecture');
  }
  await apt.update();
  if (options.installed.length > 0) await apt.install(options.installed);
  return {
    apt,
    root,
    repository,
    packages: await openOn(root),
    write,
    async publish(published) {
      await release(published);
      await apt.update();
    },
  };
}

/** What `apt list --upgradable` of this root says: `name:arch old new`, sorted. */
export async function aptList({ apt }: Pick<Situation, 'apt'>): Promise<string[]> {
  const { stdout } = must(await apt.run('apt', ['list', '--upgradable']), 'apt list');
  return stdout
    .split('\n')
    .flatMap((line) => {
      const [, name, next, arch, old] =
        /^(\S+?)\/\S* (\S+) (\S+) \[upgradable from: (\S+)\]$/.exec(line) ?? [];
      return name === undefined ? [] : [`${name}:${arch} ${old} ${next}`];
    })
    .sort();
}

/** The same by the agent's listing, which knows the architecture of what is installed. */
export async function ourList({ packages }: Pick<Situation, 'packages'>): Promise<string[]> {
  const listed = await packages.inventory.listPackages();
  return listed
    .filter((one) => one.upgradable)
    .map((one) => `${one.name}:${one.architecture} ${one.version} ${one.latest_version}`)
    .sort();
}
