import { join } from 'node:path';
import type { Files } from '@linux-patch/runtime';

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

const PLACES = ['etc/os-release', 'usr/lib/os-release'];
const LIMIT_BYTES = 64 * 1024;

type Reading = Pick<Files, 'readTextLimited'>;

/** Words of a value, which may stand in quotes. */
function wordsOf(text: string, key: string): string[] {
  const [, value = ''] = new RegExp(`^${key}=["']?([^"'\\n]*)`, 'm').exec(text) ?? [];
  return value.toLowerCase().split(/\s+/).filter(Boolean);
}

/** The package manager that a distribution is kept with; undefined for one that is not known here. */
function familyOf(osRelease: string): string | undefined {
  // What it calls itself counts more than what it is like.
  for (const word of [...wordsOf(osRelease, 'ID'), ...wordsOf(osRelease, 'ID_LIKE')]) {
    const found = Object.keys(FAMILIES).find((name) => FAMILIES[name]?.includes(word));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The same of this host, or of a private root, which may be without an os-release of its own. */
export async function readFamily(files: Reading, root: string): Promise<string | undefined> {
  for (const place of [...PLACES.map((one) => join(root, one)), ...PLACES.map((one) => join('/', one))]) {
    const text = await files.readTextLimited(place, LIMIT_BYTES);
    if (text !== undefined) return familyOf(text);
  }
  return undefined;
}
