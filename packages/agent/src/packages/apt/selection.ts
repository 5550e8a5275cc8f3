import type { LeftOut } from '../left-out.ts';
import { matchesGlob } from '../name-pattern.ts';
import type { PackageOperations } from '../package-operations.ts';
import { isNamed } from './compare.ts';
import type { InstalledPackage } from './installed.ts';
import type { HiddenSecurity, PendingUpdate } from './pending.ts';

type Wish = Pick<Parameters<PackageOperations['applyPatches']>[0], 'selection' | 'exclude'>;

/** Pending updates sorted by what a job does with them; the rest is nothing that it was asked for. */
export interface Choice {
  /** With the version to install as `newVersion`. */
  readonly chosen: readonly PendingUpdate[];
  /** An ordinary upgrade would leave them; they come in when apt takes them all the same without removing anything. */
  readonly doubtful: readonly PendingUpdate[];
  /** Must stay at their version, even where a chosen one would like a newer. */
  readonly excluded: readonly PendingUpdate[];
  /** Wanted, and left as they are without asking apt. */
  readonly left: readonly LeftOut[];
}

/** The update to the newest version of the security archive, which may be older than apt's candidate. */
function securityOnly(one: PendingUpdate): PendingUpdate {
  const { securityVersion = one.newVersion } = one;
  if (securityVersion === one.newVersion) return one;
  // What apt would do with its candidate says nothing about this version.
  return { ...one, newVersion: securityVersion, phased: false, phasedPercent: undefined, offered: undefined };
}

/** An update that stays out. */
export function leftOut(one: PendingUpdate, wish: Wish, why: Pick<LeftOut, 'reason' | 'code'>): LeftOut {
  const { aptName: name, currentVersion: current, newVersion: version, security } = one;
  return { name, current, version, security, asked: wish.selection.kind === 'names', ...why };
}

/** Why an update is not even tried. */
function stays(one: PendingUpdate, wish: Wish): Pick<LeftOut, 'reason' | 'code'> | undefined {
  const code = 'DEPENDENCY_CONFLICT';
  if (one.held) return { code, reason: 'held on this host: apt-mark unhold lets it in' };
  if (!one.phased || wish.selection.kind === 'names') return undefined;
  return { code, reason: `given to ${one.phasedPercent} % of machines for now, of which this host is none` };
}

interface Facts {
  readonly installed: readonly InstalledPackage[];
  readonly updates: readonly PendingUpdate[];
  readonly hiddenSecurity: readonly HiddenSecurity[];
}

/**
 * The updates to bring in. Held and excluded ones stay; so do those that apt would leave alone by itself (phased, or
 * kept back because another package would have to go), unless they are named.
 */
export function selectUpdates(facts: Facts, wish: Wish): Choice {
  const { selection, exclude } = wish;
  const isExcluded = (one: Pick<PendingUpdate, 'aptName'>): boolean =>
    exclude.some((pattern) => [one.aptName, plainName(one)].some((name) => matchesGlob(pattern, name)));
  const onlySecurity =
    selection.kind === 'security' || (selection.kind === 'names' && selection.securityOnly);
  const inScope = (one: Parameters<typeof isNamed>[0]): boolean =>
    selection.kind !== 'names' || selection.names.some((name) => isNamed(one, name));
  const candidates = onlySecurity
    ? facts.updates.filter((one) => one.security).map(securityOnly)
    : facts.updates;
  const wanted = candidates.filter((one) => inScope(one) && !isExcluded(one));
  const tried = wanted.filter((one) => stays(one, wish) === undefined);
  const isDoubtful = (one: PendingUpdate): boolean => selection.kind !== 'names' && one.offered === false;
  const hidden = facts.hiddenSecurity.filter((one) => !isExcluded(one) && isWanted(one, facts, inScope));
  return {
    chosen: tried.filter((one) => !isDoubtful(one)),
    doubtful: tried.filter(isDoubtful),
    excluded: facts.updates.filter((one) => !one.held && isExcluded(one)),
    left: [
      ...wanted.flatMap((one) => {
        const why = stays(one, wish);
        return why ? [leftOut(one, wish, why)] : [];
      }),
      ...hidden.map((one) => hiddenLeftOut(one, wish)),
      ...notInstalled(facts.installed, wish),
    ],
  };
}

function plainName({ aptName }: { readonly aptName: string }): string {
  return aptName.split(':', 1)[0] ?? aptName;
}

function isWanted(
  { aptName }: HiddenSecurity,
  { installed }: Facts,
  inScope: (one: InstalledPackage) => boolean,
): boolean {
  return installed.some((one) => isNamed(one, aptName) && inScope(one));
}

/** A security update that is newer than what apt would install. */
function hiddenLeftOut(one: HiddenSecurity, { selection }: Wish): LeftOut {
  return {
    name: one.aptName,
    current: one.currentVersion,
    version: one.version,
    security: true,
    asked: selection.kind === 'names',
    reason:
      'a pin or APT::Default-Release on this host prefers an older version: apt-cache policy shows which',
    code: 'DEPENDENCY_CONFLICT',
  };
}

/** Named packages that are not there; what is there and has no update is as asked for. */
function notInstalled(installed: readonly InstalledPackage[], { selection }: Wish): LeftOut[] {
  if (selection.kind !== 'names') return [];
  const missing = selection.names.filter((name) => !installed.some((one) => isNamed(one, name)));
  return missing.map((name) => ({
    name,
    current: null,
    version: null,
    security: false,
    asked: true,
    reason: 'not installed on this host',
    code: 'PKG_NOT_FOUND',
  }));
}
