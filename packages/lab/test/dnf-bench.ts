import { join } from 'node:path';
import type { PackageManager } from '../../worker/src/package-interface/package-manager.ts';
import { createPrivateDnfRoot, type PrivateDnfRoot } from '../src/rpm/dnf-root.ts';
import { buildRpmRepository, type RpmRepository } from '../src/rpm/repository.ts';
import { openOn } from './apt-bench.ts';
import { preparedRoot } from './prepared-roots.ts';

/** A private root with the agent's package manager on it. */
export interface DnfBench {
  readonly dnf: PrivateDnfRoot;
  readonly packages: PackageManager;
  readonly root: string;
}

/** A repository that has everything, for tests that do not spoil it. */
export async function updatedRpmRepository(folder: string): Promise<RpmRepository> {
  const repository = await buildRpmRepository({ folder });
  await repository.publishUpdates();
  return repository;
}

/** A root below `folder` with old versions installed and the newer ones on offer. */
export async function dnfBench(
  folder: string,
  installed: readonly string[],
  repository: RpmRepository,
): Promise<DnfBench> {
  const root = join(folder, `root-${crypto.randomUUID().slice(0, 8)}`);
  const given = { repository, kind: 'dnf', installed };
  const from = await preparedRoot(folder, given, {
    empty: async (at) => (await createPrivateDnfRoot({ folder: at, repository })).update(),
    installed: async (at, empty) =>
      (await createPrivateDnfRoot({ folder: at, repository, from: empty })).install([
        '--disablerepo=lab-updates',
        ...installed,
      ]),
  });
  const dnf = await createPrivateDnfRoot({ folder: root, repository, from });
  return { dnf, root, packages: await openOn(root) };
}
