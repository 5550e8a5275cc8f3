import { join } from 'node:path';
import type { PackageManager } from '../../worker/src/package-interface/package-manager.ts';
import type { RpmRepository } from '../src/rpm/repository.ts';
import { createPrivateZypperRoot, type PrivateZypperRoot } from '../src/rpm/zypper-root.ts';
import { openOn } from './apt-bench.ts';
import { preparedRoot } from './prepared-roots.ts';

/** A private root with the agent's package manager on it. */
export interface ZypperBench {
  readonly zypper: PrivateZypperRoot;
  readonly packages: PackageManager;
  readonly root: string;
}

/** A root below `folder` with old versions installed and the newer ones on offer. */
export async function zypperBench(
  folder: string,
  installed: readonly string[],
  repository: RpmRepository,
): Promise<ZypperBench> {
  const root = join(folder, `root-${crypto.randomUUID().slice(0, 8)}`);
  const given = { repository, kind: 'zypper', installed };
  const from = await preparedRoot(folder, given, {
    empty: async (at) => (await createPrivateZypperRoot({ folder: at, repository })).update(),
    installed: async (at, empty) =>
      (await createPrivateZypperRoot({ folder: at, repository, from: empty })).install(installed),
  });
  const zypper = await createPrivateZypperRoot({ folder: root, repository, from });
  return { zypper, root, packages: await openOn(root) };
}
