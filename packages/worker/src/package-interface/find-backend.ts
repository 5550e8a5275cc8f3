import { PatchError } from '@linux-patch/contract';
import type { Files } from '@linux-patch/runtime';
import { BACKENDS, type Backend } from './backends.ts';

/** The program that shows that a package manager is there. */
const PROGRAMS: Readonly<Record<Backend, string>> = { apt: '/usr/bin/apt-get' };

/** Others that hosts have, to name them when they are found. */
const OTHERS: Readonly<Record<string, string>> = {
  dnf: '/usr/bin/dnf',
  yum: '/usr/bin/yum',
  zypper: '/usr/bin/zypper',
  pacman: '/usr/bin/pacman',
  apk: '/sbin/apk',
};

function unsupported(what: string): PatchError {
  return new PatchError('SERVICE_UNHEALTHY', `${what} This release drives ${BACKENDS.join(', ')} only.`);
}

/**
 * Which package manager this host has; starts nothing.
 * @param configured `package_manager.backend` of the configuration
 * @throws PatchError `SERVICE_UNHEALTHY` when there is none that can be driven
 */
export async function findBackend(
  files: Pick<Files, 'facts'>,
  configured: 'auto' | Backend,
): Promise<Backend> {
  if (configured !== 'auto') {
    const program = PROGRAMS[configured];
    if (await files.facts(program)) return configured;
    throw unsupported(`package_manager.backend is ${configured}, but ${program} does not exist.`);
  }
  for (const backend of BACKENDS) if (await files.facts(PROGRAMS[backend])) return backend;
  for (const [name, program] of Object.entries(OTHERS)) {
    if (await files.facts(program)) throw unsupported(`The package manager of this host is ${name}.`);
  }
  throw unsupported('This host has no package manager that is known here.');
}
