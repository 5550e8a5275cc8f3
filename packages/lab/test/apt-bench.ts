import { join } from 'node:path';
import { type Commands } from '@linux-patch/runtime';
import { nodeCommands, systemClock, systemFiles } from '@linux-patch/runtime/node';
import { type Orders, openOrders, workerFolder } from '../../worker/src/admission/orders.ts';
import type { ChangePolicy } from '../../worker/src/package-interface/change-policy.ts';
import type { PackageManager } from '../../worker/src/package-interface/package-manager.ts';
import type { OperationRun } from '../../worker/src/package-interface/package-operations.ts';
import { packageEnvironment } from '../../worker/src/packages/environment.ts';
import { openPackageManager } from '../../worker/src/packages/open.ts';
import { openHostPolicy } from '../../worker/src/policy/host-policy.ts';
import type { ToyPackage } from '../src/apt/deb.ts';
import { createPrivateAptRoot, type PrivateAptRoot } from '../src/apt/private-root.ts';
import { buildToyRepository, type ToyRepository } from '../src/apt/repository.ts';

/** A private root with the agent's package manager on it. */
interface Bench {
  readonly apt: PrivateAptRoot;
  readonly packages: PackageManager;
  readonly root: string;
}

/** The policy of a private root. */
export function policyOf(root: string): ChangePolicy {
  return openHostPolicy({ files: systemFiles, path: join(root, 'etc/linux_patch_api/policy.yaml'), root });
}

/** What the worker of a private root keeps of changes. */
export function ordersOf(root: string): Orders {
  return openOrders({ files: systemFiles, folder: workerFolder(root) });
}

/** The agent's package manager on a private root; `wrap` may watch or spoil the commands. */
export function openOn(
  root: string,
  wrap: (commands: Commands) => Commands = (commands) => commands,
): Promise<PackageManager> {
  return openPackageManager({
    root,
    files: systemFiles,
    clock: systemClock,
    configured: 'auto',
    policy: policyOf(root),
    recorded: ordersOf(root).recorded,
    commands: wrap(nodeCommands(packageEnvironment(root))),
  });
}

/** A root below `folder` with old versions installed and the newer ones published. */
export async function bench(
  folder: string,
  installed: readonly string[],
  repository?: ToyRepository,
): Promise<Bench> {
  const name = crypto.randomUUID().slice(0, 8);
  const root = join(folder, `root-${name}`);
  const own = repository ?? (await buildToyRepository({ folder: join(folder, `repository-${name}`) }));
  const apt = await createPrivateAptRoot({ folder: root, repository: own });
  await apt.update();
  if (installed.length > 0) await apt.install(installed);
  await own.publishUpdates();
  await apt.update();
  return { apt, root, packages: await openOn(root) };
}

/** A run that nobody watches. */
export function quietRun(overrides: Partial<OperationRun> = {}): OperationRun {
  return {
    signal: new AbortController().signal,
    timeoutMs: 60_000,
    onProgress: () => {},
    onLine: () => {},
    onWaitingForLock: () => {},
    ...overrides,
  };
}

/** An installation without any option. */
export const plainWish = { onlyUpgrade: false, force: false, noRecommends: false, allowDowngrade: false };

/** The updates of everything. */
export const everything = { selection: { kind: 'all' as const }, exclude: [] };

/** A package that a test makes for itself. */
export const toy = (name: string, version = '1', more: Partial<ToyPackage> = {}): ToyPackage => ({
  name,
  version,
  ...more,
});
