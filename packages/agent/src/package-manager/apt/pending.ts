import type { AptContext } from './apt-context.ts';
import type { InstalledPackage } from './installed.ts';
import { type Policy, readPolicy } from './policy.ts';
import { isSecurityOrigin, type KeptBack, type SimulatedInstall, simulateUpgrade } from './simulate.ts';

/** A pending update with what apt would do about it by itself. */
export interface PendingUpdate extends SimulatedInstall {
  readonly currentVersion: string;
  readonly held: boolean;
  /** Published for a share of machines that this host is not part of yet. */
  readonly phased: boolean;
  /** Whether an ordinary upgrade brings it in: not held, not phased, and no other package has to go for it. */
  readonly offered: boolean;
  readonly security: boolean;
  readonly description: string;
}

/** The installed package that an update belongs to; its architecture may change with the update. */
function ownerOf(
  update: SimulatedInstall,
  installed: ReadonlyMap<string, readonly InstalledPackage[]>,
): InstalledPackage | undefined {
  const own = installed.get(update.name) ?? [];
  return (
    own.find((one) => one.architecture === update.architecture) ??
    own.find((one) => one.version === update.currentVersion)
  );
}

/**
 * What could be newer, held and phased updates included.
 * @throws PatchError when apt cannot say.
 */
export async function readPending(
  context: AptContext,
  packages: Promise<readonly InstalledPackage[]>,
): Promise<PendingUpdate[]> {
  const [installed, everything, ordinary] = await Promise.all([
    packages,
    simulateUpgrade(context, { everything: true }),
    simulateUpgrade(context, { everything: false }),
  ]);
  const byName = Map.groupBy(installed, (one) => one.name);
  const taken = new Map(ordinary.installs.map((one) => [one.aptName, one]));
  const left = new Map<string, SimulatedInstall | KeptBack>(
    [...everything.keptBack, ...ordinary.keptBack, ...everything.installs]
      .filter((one) => one.currentVersion !== undefined && !taken.has(one.aptName))
      .map((one) => [one.aptName, one]),
  );
  const policy = await readPolicy(context, [...left.keys()]);
  const union = [...taken.values(), ...[...left.values()].map((one) => withSource(one, policy, byName))];
  const sorted = union.sort((a, b) => (a.aptName < b.aptName ? -1 : 1));
  return sorted.flatMap((one) => {
    if (one.currentVersion === undefined) return [];
    const owner = ownerOf(one, byName);
    const held = owner?.held ?? false;
    return [
      {
        ...one,
        currentVersion: one.currentVersion,
        held,
        phased: !held && !taken.has(one.aptName) && isPhased(one, policy),
        offered: taken.has(one.aptName),
        security: one.origins.some(isSecurityOrigin),
        description: owner?.description ?? '',
      },
    ];
  });
}

function knownVersion(one: KeptBack | SimulatedInstall, policy: Policy) {
  const versions = policy.get(one.aptName) ?? policy.get(plainName(one)) ?? [];
  return versions.find((known) => known.version === one.newVersion);
}

function isPhased(one: SimulatedInstall, policy: Policy): boolean {
  return knownVersion(one, policy)?.phased ?? false;
}

function plainName({ aptName }: Pick<KeptBack, 'aptName'>): string {
  return aptName.split(':')[0] ?? aptName;
}

/** Completes what apt only announces: the suites of the new version stand for its origins. */
function withSource(
  one: SimulatedInstall | KeptBack,
  policy: Policy,
  installed: ReadonlyMap<string, readonly InstalledPackage[]>,
): SimulatedInstall {
  if ('origins' in one) return one;
  const name = plainName(one);
  const [, foreign] = one.aptName.split(':');
  const same = installed.get(name)?.filter((each) => each.version === one.currentVersion) ?? [];
  const owner = same.find((each) => each.architecture === foreign) ?? same[0];
  return {
    ...one,
    name,
    architecture: owner?.architecture ?? foreign ?? 'all',
    origins: knownVersion(one, policy)?.suites ?? [],
  };
}
