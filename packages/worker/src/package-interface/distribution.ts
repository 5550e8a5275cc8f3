import { type Files, readOsRelease } from '@linux-patch/runtime';

/** Distributions, by ID and ID_LIKE of os-release(5), and what they are kept with. */
const FAMILIES: Readonly<Record<string, readonly string[]>> = {
  apt: ['debian', 'ubuntu', 'raspbian', 'linuxmint', 'pop', 'kali', 'devuan'],
  dnf: ['fedora', 'rhel', 'centos', 'rocky', 'almalinux', 'ol', 'amzn', 'azurelinux', 'openeuler'],
  'transactional-update': [
    'opensuse-microos',
    'opensuse-leap-micro',
    'opensuse-aeon',
    'opensuse-kalpa',
    'sle-micro',
    'sl-micro',
  ],
  zypper: ['suse', 'opensuse', 'sles', 'sled', 'opensuse-leap', 'opensuse-tumbleweed'],
  pacman: ['arch', 'archarm', 'manjaro', 'endeavouros'],
  apk: ['alpine', 'postmarketos'],
};

/** The package manager that this host is kept with, or a private root; undefined for a distribution that is not known here. */
export async function readFamily(
  files: Pick<Files, 'readTextLimited'>,
  root: string,
): Promise<string | undefined> {
  const { id = '', idLike = '' } = await readOsRelease(files, root);
  // What it calls itself counts more than what it is like.
  for (const word of `${id} ${idLike}`.toLowerCase().split(/\s+/)) {
    const found = Object.keys(FAMILIES).find((name) => FAMILIES[name]?.includes(word));
    if (found !== undefined) return found;
  }
  return undefined;
}
