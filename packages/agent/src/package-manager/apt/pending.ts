import { type AptContext, READ_TIMEOUT_MS } from './apt-context.ts';
import { aptFailure } from './failure.ts';
import type { InstalledPackage } from './installed.ts';
import { isSecurityOrigin, type SimulatedInstall, simulateUpgrade } from './simulate.ts';

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

/** Names that apt prints with a phased version, as `name version`, from the version tables of `apt-cache policy`. */
export function parsePhased(text: string): ReadonlySet<string> {
  const phased = new Set<string>();
  let name = '';
  for (const line of text.split('\n')) {
    const [, heading] = /^(\S+):$/.exec(line) ?? [];
    if (heading !== undefined) name = heading;
    const [, version] = /^ (?:\*{3}| {3}) (\S+) -?\d+ \(phased \d+%\)$/.exec(line) ?? [];
    if (version !== undefined) phased.add(`${name} ${version}`);
  }
  return phased;
}

async function readPhased(
  context: AptContext,
  updates: readonly SimulatedInstall[],
): Promise<ReadonlySet<string>> {
  if (updates.length === 0) return new Set();
  const result = await context.commands.run({
    program: 'apt-cache',
    args: ['policy', '--', ...updates.map((one) => one.aptName)],
    timeoutMs: READ_TIMEOUT_MS,
  });
  if (result.exitCode !== 0) throw aptFailure('apt-cache policy', result);
  return parsePhased(result.stdout);
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
  const taken = new Map(ordinary.map((one) => [one.aptName, one]));
  const keptBack = everything.filter((one) => one.currentVersion !== undefined && !taken.has(one.aptName));
  const phased = await readPhased(context, keptBack);
  const union = new Map([...taken, ...keptBack.map((one) => [one.aptName, one] as const)]);
  const sorted = [...union.values()].sort((a, b) => (a.aptName < b.aptName ? -1 : 1));
  return sorted.flatMap((one) => {
    if (one.currentVersion === undefined) return [];
    const owner = ownerOf(one, byName);
    const held = owner?.held ?? false;
    return [
      {
        ...one,
        currentVersion: one.currentVersion,
        held,
        phased: !held && phased.has(`${one.aptName} ${one.newVersion}`),
        offered: taken.has(one.aptName),
        security: one.origins.some(isSecurityOrigin),
        description: owner?.description ?? '',
      },
    ];
  });
}
