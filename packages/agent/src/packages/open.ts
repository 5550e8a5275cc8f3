import { join } from 'node:path';
import { PatchError } from '@linux-patch/contract';
import { openApt } from './apt/open.ts';
import { BACKENDS, type Backend } from './backends.ts';
import { PRIVATE_APT_CONFIG } from './environment.ts';
import type { PackageManager, PackageManagerOptions } from './package-manager.ts';

/** A package manager that this release can drive, and the program that shows that it is there. */
interface Adapter {
  readonly program: string;
  readonly open: (options: PackageManagerOptions) => PackageManager;
}

const ADAPTERS: Readonly<Record<Backend, Adapter>> = { apt: { program: '/usr/bin/apt-get', open: openApt } };

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

async function findAdapter({ files, configured }: PackageManagerOptions): Promise<Adapter> {
  if (configured !== 'auto') {
    const named = ADAPTERS[configured];
    if (await files.facts(named.program)) return named;
    throw unsupported(`package_manager.backend is ${configured}, but ${named.program} does not exist.`);
  }
  for (const adapter of Object.values(ADAPTERS)) if (await files.facts(adapter.program)) return adapter;
  for (const [name, program] of Object.entries(OTHERS)) {
    if (await files.facts(program)) throw unsupported(`The package manager of this host is ${name}.`);
  }
  throw unsupported('This host has no package manager that is known here.');
}

/**
 * Finds and opens the host's package manager.
 * @throws PatchError `SERVICE_UNHEALTHY` when there is none that can be driven, or when a private root has no
 *   configuration that would keep the package manager inside it.
 */
export async function openPackageManager(options: PackageManagerOptions): Promise<PackageManager> {
  const { files, root } = options;
  const adapter = await findAdapter(options);
  if (root !== '/' && !(await files.facts(join(root, PRIVATE_APT_CONFIG)))) {
    throw new PatchError(
      'SERVICE_UNHEALTHY',
      `--root ${root} is given, but ${join(root, PRIVATE_APT_CONFIG)} does not exist. Without it apt would change this ` +
        'machine instead of that folder, so nothing is started.',
    );
  }
  return adapter.open(options);
}
