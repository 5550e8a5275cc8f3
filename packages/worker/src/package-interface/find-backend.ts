import { join } from 'node:path';
import { PatchError } from '@linux-patch/contract';
import type { Files } from '@linux-patch/runtime';
import { BACKENDS, type Backend } from './backends.ts';
import { readFamily } from './distribution.ts';

/** The program that shows that a package manager is there. */
const PROGRAMS: Readonly<Record<Backend, string>> = {
  apt: '/usr/bin/apt-get',
  dnf: '/usr/bin/dnf',
  zypper: '/usr/bin/zypper',
  pacman: '/usr/bin/pacman',
};

/** Others that hosts have, to name them when they are found. */
const OTHERS: Readonly<Record<string, string>> = {
  yum: '/usr/bin/yum',
  // Its root is read-only, and zypper there changes nothing that lasts.
  'transactional-update': '/usr/sbin/transactional-update',
  apk: '/sbin/apk',
};

function unsupported(what: string): PatchError {
  return new PatchError('SERVICE_UNHEALTHY', `${what} This release drives ${BACKENDS.join(', ')} only.`);
}

/** A system of images is not changed package by package. */
const IMAGE_MARK = 'run/ostree-booted';

/**
 * Which package manager this host has; starts nothing. Of several the one counts that the distribution is kept with: a
 * Debian host may have dnf, and a Fedora host apt.
 * @param configured `package_manager.backend` of the configuration
 * @throws PatchError `SERVICE_UNHEALTHY` when there is none that can be driven
 */
export async function findBackend(
  files: Pick<Files, 'facts' | 'readTextLimited'>,
  configured: 'auto' | Backend,
  root: string,
): Promise<Backend> {
  if (await files.facts(join(root, IMAGE_MARK)))
    throw unsupported('This host is updated as a whole image (rpm-ostree, bootc), not package by package.');
  if (configured !== 'auto') {
    const program = PROGRAMS[configured];
    if (await files.facts(program)) return configured;
    throw unsupported(`package_manager.backend is ${configured}, but ${program} does not exist.`);
  }
  const has = async (program: string | undefined) => program !== undefined && (await files.facts(program));
  const family = await readFamily(files, root);
  const own = BACKENDS.find((one) => one === family);
  if (own && (await has(PROGRAMS[own]))) return own;
  if (!own && family !== undefined && (await has(OTHERS[family])))
    throw unsupported(`The package manager of this host is ${family}.`);
  for (const backend of BACKENDS) if (await has(PROGRAMS[backend])) return backend;
  for (const [name, program] of Object.entries(OTHERS)) {
    if (await has(program)) throw unsupported(`The package manager of this host is ${name}.`);
  }
  throw unsupported('This host has no package manager that is known here.');
}
