import { createHash } from 'node:crypto';
import { access, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { REPOSITORY } from '../checkout.ts';
import { must, runProgram } from '../process.ts';

/** A root file system that hosts boot from; nothing writes to it after it was made. */
export interface Image {
  /** For overlayfs: the topmost layer first. */
  readonly layers: readonly string[];
}

const CACHE = join(REPOSITORY, '.cache/lab');
const MIRROR = 'http://deb.debian.org/debian';
const SECURITY_MIRROR = 'http://deb.debian.org/debian-security';

export const FLAVOURS = ['debian12', 'debian13', 'dnf', 'dnf5', 'zypper', 'pacman', 'openrc'] as const;
export type Flavour = (typeof FLAVOURS)[number];
/** Made of a suite that changes from day to day, so that they run only for whoever names them. */
export const MOVING: readonly Flavour[] = ['dnf5'];

export const RELEASES = ['bookworm', 'trixie'] as const;
export type Release = (typeof RELEASES)[number] | 'sid';

/** What the private Node of the packages needs and a minimal Debian lacks; hosts get it when they install the package. */
const LIBRARIES = ['libatomic1'];

interface Base {
  readonly release: Release;
  readonly packages: readonly string[];
}

const SYSTEMD_BASE = ['systemd', 'systemd-sysv', 'dbus', 'iproute2', 'procps', 'ca-certificates'];

const BASES: Readonly<Record<Flavour, Base>> = {
  debian12: { release: 'bookworm', packages: SYSTEMD_BASE },
  debian13: { release: 'trixie', packages: SYSTEMD_BASE },
  dnf: { release: 'bookworm', packages: SYSTEMD_BASE },
  // The only suite of Debian that has it.
  dnf5: { release: 'sid', packages: SYSTEMD_BASE },
  zypper: { release: 'bookworm', packages: SYSTEMD_BASE },
  pacman: { release: 'bookworm', packages: SYSTEMD_BASE },
  openrc: {
    release: 'bookworm',
    packages: ['openrc', 'sysvinit-core', 'procps', 'iproute2', 'ca-certificates'],
  },
};

/** A foreign package manager, installed on top of the base. */
const ADDED: Readonly<Partial<Record<Flavour, readonly string[]>>> = {
  dnf: ['dnf', 'rpm', 'dnf-plugins-core', 'libatomic1', 'curl'],
  dnf5: ['dnf5', 'rpm', 'libatomic1', 'curl'],
  zypper: ['zypper', 'rpm', 'libatomic1', 'curl'],
  pacman: ['pacman-package-manager', 'libatomic1', 'curl'],
};

function keyOf(parts: unknown): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 12);
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** Makes a folder once; an interrupted try leaves nothing that looks finished. */
async function once(folder: string, make: (unfinished: string) => Promise<void>): Promise<string> {
  if (await exists(folder)) return folder;
  const unfinished = `${folder}.${process.pid}`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { recursive: true });
  await make(unfinished);
  await rename(unfinished, folder);
  return folder;
}

/** A base system in `root`, and beside it what its hosts install from the lab's own repository. */
function buildBase(base: Base): Promise<string> {
  const key = keyOf([base, LIBRARIES]);
  return once(join(CACHE, 'images', `${base.release}-${key}`), async (folder) => {
    const root = join(folder, 'root');
    const download = `mkdir "$1/libraries" && chroot "$1" sh -c "cd /libraries && apt-get -qq download ${LIBRARIES.join(' ')}"`;
    const options = ['--quiet', '--variant=minbase', '--mode=root', `--include=${base.packages.join(',')}`];
    // A mirror may be some days behind a suite that is made anew every few hours.
    if (base.release === 'sid') options.push('--aptopt=Acquire::Check-Valid-Until "false"');
    const source = `deb ${MIRROR} ${base.release} main`;
    const args = [...options, `--customize-hook=${download}`, base.release, root, source];
    must(await runProgram('mmdebstrap', args), 'mmdebstrap');
    await rename(join(root, 'libraries'), join(folder, 'libraries'));
    await rm(join(root, 'etc/hostname'), { force: true });
    await writeFile(join(root, 'etc/machine-id'), '');
  });
}

/** Folder with the libraries of a release that its minimal systems lack. */
export async function librariesOf(release: Release): Promise<string> {
  return join(await buildBase({ release, packages: SYSTEMD_BASE }), 'libraries');
}

/** Runs a script in a base system with the machine's network; what it writes goes to `upper`. */
async function runInside(
  base: string,
  upper: string,
  script: string,
  args: readonly string[] = [],
): Promise<void> {
  const work = join(CACHE, `work-${process.pid}`);
  const [inner, root] = [join(work, 'inner'), join(work, 'root')];
  for (const path of [inner, root, upper]) await mkdir(path, { recursive: true });
  const overlay = `lowerdir=${base},upperdir=${upper},workdir=${inner}`;
  must(await runProgram('mount', ['-t', 'overlay', 'lab', '-o', overlay, root]), 'mount');
  try {
    const start = [
      'mount -t tmpfs tmpfs /run/systemd/nspawn 2>/dev/null || { mkdir -p /run/systemd/nspawn; mount -t tmpfs tmpfs /run/systemd/nspawn; }',
      'exec systemd-nspawn --register=no --keep-unit -q -M lab-layer -D "$0" --resolv-conf=bind-host --pipe "$@"',
    ].join('\n');
    const inside = ['sh', '-ec', script, 'inside', ...args];
    const unshare = ['-m', '--propagation', 'slave', 'sh', '-ec', start, root, ...inside];
    must(await runProgram('unshare', unshare), `in ${base}: ${script} ${args.join(' ')}`);
  } finally {
    await runProgram('umount', [root]);
    await rm(work, { recursive: true, force: true });
  }
}

async function buildLayer(base: string, packages: readonly string[]): Promise<string> {
  const script =
    'apt-get update -qq; DEBIAN_FRONTEND=noninteractive apt-get install -qqy --no-install-recommends "$@"; rm -rf /var/lib/apt/lists/* /var/cache/apt/archives/*.deb';
  return once(join(CACHE, 'images', `layer-${keyOf([base, packages])}`), (folder) =>
    runInside(base, folder, script, packages),
  );
}

/** A folder with the security updates that Debian has now for a clean host, fetched once. */
export async function securityUpdatesOf(release: Release): Promise<string> {
  const base = join(await buildBase({ release, packages: SYSTEMD_BASE }), 'root');
  const script = [
    `echo "deb ${SECURITY_MIRROR} ${release}-security main" >/etc/apt/sources.list.d/security.list`,
    'apt-get update -qq',
    'mkdir -p /updates/partial',
    'apt-get -qq -y -d -o Dir::Cache::archives=/updates dist-upgrade',
    'rm -rf /updates/partial /updates/lock',
  ].join('; ');
  const folder = await once(join(CACHE, 'images', `security-${keyOf([base])}`), (upper) =>
    runInside(base, upper, script),
  );
  return join(folder, 'updates');
}

/** The release of Debian that a flavour is made of. */
export function releaseOf(flavour: Flavour): Release {
  return BASES[flavour].release;
}

/** The image of a flavour, from the cache or made now (12 to 25 s, from Debian's mirror). */
export async function imageOf(flavour: Flavour): Promise<Image> {
  const base = join(await buildBase(BASES[flavour]), 'root');
  const added = ADDED[flavour];
  return { layers: added ? [await buildLayer(base, added), base] : [base] };
}
