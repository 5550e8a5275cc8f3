import { join } from 'node:path';
import type { PackageManager } from '../../worker/src/package-interface/package-manager.ts';
import { createPrivatePacmanRoot, type PrivatePacmanRoot } from '../src/pacman/private-root.ts';
import type { PacmanRepository } from '../src/pacman/repository.ts';
import { openOn, quietRun } from './apt-bench.ts';
import { preparedRoot } from './prepared-roots.ts';

/** A private root with the agent's package manager on it. */
export interface PacmanBench {
  readonly pacman: PrivatePacmanRoot;
  readonly packages: PackageManager;
  readonly root: string;
}

/** A root below `folder` with old versions installed, and a refresh that has seen the newer ones. */
export async function pacmanBench(
  folder: string,
  installed: readonly string[],
  repository: PacmanRepository,
): Promise<PacmanBench> {
  const root = join(folder, `root-${crypto.randomUUID().slice(0, 8)}`);
  const given = { repository, kind: 'pacman', installed };
  const from = await preparedRoot(folder, given, {
    empty: (at) => createPrivatePacmanRoot({ folder: at, repository }),
    installed: async (at, empty) =>
      (await createPrivatePacmanRoot({ folder: at, repository, from: empty })).install(installed),
  });
  const pacman = await createPrivatePacmanRoot({ folder: root, repository, from });
  const packages = await openOn(root);
  await packages.operations.refresh(quietRun());
  return { pacman, root, packages };
}
