import { PatchError } from '@linux-patch/contract';
import type { InstallWish, PackageTarget, RemoveWish } from '../package-interface/package-operations.ts';
import type { PackageChange } from './adapter.ts';
import type { PackageHost } from './doors.ts';
import type { Update } from './package-facts.ts';
import type { PackageReader } from './snapshot.ts';
import { securityOf, type Wish } from './wishes.ts';

/** A change of named packages, and what it is to bring about. */
export interface NamedChange {
  readonly change: PackageChange;
  readonly names: readonly string[];
  readonly wishes: readonly Wish[];
  /** Packages that naming them must not make wanted ones. */
  readonly keepMarks: readonly string[];
}

/** @throws PatchError `PKG_NOT_FOUND`, `VERSION_NOT_AVAILABLE` */
export async function prepareInstallation(
  host: PackageHost,
  reader: PackageReader,
  wish: InstallWish,
): Promise<NamedChange> {
  const { changing, limits, rules } = host.adapter;
  const names = wish.packages.map((one) => one.name);
  if (isUpgrade(wish) && limits.someUpdates !== undefined)
    throw new PatchError('INVALID_REQUEST', `${limits.someUpdates} Nothing was changed.`);
  if (wish.onlyUpgrade) await requireInstalled(host, names);
  const change = { kind: 'install', ...wish } as const;
  // Refuses what is no name before anybody is asked for it.
  await changing.tool(change);
  await requireAvailable(host, wish.packages);
  const waiting = wish.onlyUpgrade ? await waitingUpdates(reader) : [];
  const wishes = wish.packages.map(({ name, version: named }) => {
    const update = waiting.find((one) => rules.isNamed(one, name));
    const version = named ?? update?.newVersion;
    if (version === undefined) return { name, want: 'installed' as const };
    const isNewest = update !== undefined && version === update.newVersion;
    return { name, want: { version }, security: isNewest ? securityOf(update) : undefined };
  });
  return { change, names, wishes, keepMarks: wish.onlyUpgrade ? names : [] };
}

/** Whether it brings in what is newer; whoever names versions and allows older ones goes back. */
function isUpgrade({ onlyUpgrade, allowDowngrade, packages }: InstallWish): boolean {
  return onlyUpgrade && !(allowDowngrade && packages.every((one) => one.version !== undefined));
}

/** @throws PatchError `PKG_NOT_FOUND` */
export async function prepareRemoval(host: PackageHost, wish: RemoveWish): Promise<NamedChange> {
  const change = { kind: 'remove', ...wish } as const;
  await host.adapter.changing.tool(change);
  await requireInstalled(host, [wish.name]);
  return {
    change,
    names: [wish.name],
    wishes: [{ name: wish.name, want: 'removed' }],
    keepMarks: [],
  };
}

/** What waits; nothing where that cannot be listed, so that nothing is known of it. */
export async function waitingUpdates(reader: PackageReader): Promise<readonly Update[]> {
  return (await reader.reading().catch(() => undefined))?.pending?.updates ?? [];
}

/** @throws PatchError `PKG_NOT_FOUND` */
export async function requireInstalled({ adapter }: PackageHost, names: readonly string[]): Promise<void> {
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
