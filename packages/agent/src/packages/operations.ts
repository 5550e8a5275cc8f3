import { PatchError } from '@linux-patch/contract';
import { applyUpdates } from './apply.ts';
import type { PackageHost } from './doors.ts';
import type { Update } from './package-facts.ts';
import type { InstallWish, PackageOperations, PackageTarget } from './package-operations.ts';
import { refreshLists } from './refresh.ts';
import { repair } from './repair.ts';
import { adoptChange, changedSince, runChange, type WantedChange } from './runner.ts';
import type { PackageReader } from './snapshot.ts';

/** The changing half of the host's package manager. */
export function createPackageOperations(host: PackageHost, reader: PackageReader): PackageOperations {
  const { changing, reading } = host.adapter;
  return {
    refresh: (run) => refreshLists(host, run),
    adopt: (run) => adoptChange(host, run),
    changedSince: (work) => changedSince(host, work),
    repair: (run) => repair(host, run),
    install: async (wish, run) => runChange(host, await installation(host, reader, wish), run),
    async remove(wish, run) {
      const tool = changing.tool({ kind: 'remove', ...wish });
      await requireInstalled(host, [wish.name]);
      return runChange(host, { tool, wishes: [{ name: wish.name, want: 'removed' }] }, run);
    },
    applyPatches: (wish, run) => applyUpdates(host, reader, { wish, run }),
    rebootRequired: async () => reading.rebootState(await reading.installed()),
  };
}

/** @throws PatchError `PKG_NOT_FOUND`, `VERSION_NOT_AVAILABLE` */
async function installation(
  host: PackageHost,
  reader: PackageReader,
  wish: InstallWish,
): Promise<WantedChange> {
  const { changing, rules } = host.adapter;
  const names = wish.packages.map((one) => one.name);
  if (wish.onlyUpgrade) await requireInstalled(host, names);
  const tool = changing.tool({ kind: 'install', ...wish });
  await requireAvailable(host, wish.packages);
  const newest = wish.onlyUpgrade ? await newestVersions(reader) : [];
  const wishes = wish.packages.map(({ name, version: named }) => {
    const version = named ?? newest.find((one) => rules.isNamed(one, name))?.newVersion;
    return { name, want: version === undefined ? ('installed' as const) : { version } };
  });
  return { tool, wishes, keepMarks: wish.onlyUpgrade ? names : [] };
}

/** What an update without a version means; unknown where what waits cannot be listed. */
async function newestVersions(reader: PackageReader): Promise<readonly Update[]> {
  return (await reader.reading().catch(() => undefined))?.pending?.updates ?? [];
}

async function requireInstalled({ adapter }: PackageHost, names: readonly string[]): Promise<void> {
  const installed = await adapter.reading.installed();
  const missing = names.filter((name) => !installed.some((one) => adapter.rules.isNamed(one, name)));
  if (missing.length === 0) return;
  throw new PatchError(
    'PKG_NOT_FOUND',
    `${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} not installed on this host.`,
  );
}

/**
 * Package managers may take a name that they do not know for something else, such as a pattern or an order to remove; so
 * it is looked for before. A version that is not there gets no benefit of the doubt either.
 */
async function requireAvailable({ adapter }: PackageHost, wanted: readonly PackageTarget[]): Promise<void> {
  const available = await adapter.changing.available(wanted);
  const unknown = wanted.filter(({ name }) => !available.has(name)).map(({ name }) => `"${name}"`);
  if (unknown.length > 0) {
    throw new PatchError(
      'PKG_NOT_FOUND',
      `No repository of this host has ${unknown.join(', ')}. Nothing was changed.`,
    );
  }
  for (const { name, version } of wanted) {
    const versions = available.get(name) ?? [];
    if (version === undefined || versions.includes(version)) continue;
    throw new PatchError(
      'VERSION_NOT_AVAILABLE',
      `Version ${version} of ${name} is not available; ${versions.length > 0 ? `there is ${versions.join(', ')}` : 'there is none'}. Nothing was changed.`,
    );
  }
}
