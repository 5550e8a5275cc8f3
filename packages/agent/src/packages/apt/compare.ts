import type { JobResult } from '@linux-patch/contract';
import type { InstalledPackage } from './installed.ts';
import { compareDebianVersions } from './versions.ts';

/** Whether `name` or `name:architecture` means this package. */
export function isNamed(one: Pick<InstalledPackage, 'name' | 'architecture'>, name: string): boolean {
  const [plain, architecture] = name.split(':');
  if (one.name !== plain) return false;
  return architecture === undefined || one.architecture === architecture || one.architecture === 'all';
}

function actionOf(before: string | null, after: string | null): JobResult['action'] {
  if (before === after) return 'unchanged';
  if (before === null) return 'installed';
  if (after === null) return 'removed';
  return compareDebianVersions(before, after) < 0 ? 'upgraded' : 'downgraded';
}

/** Names that are there for more than one architecture at once. */
function sharedNames(list: readonly InstalledPackage[]): ReadonlySet<string> {
  const seen = new Set<string>();
  return new Set(list.flatMap(({ name }) => (seen.size === seen.add(name).size ? [name] : [])));
}

/** What really changed, by dpkg's own database; the packages that were asked for are always among them. */
export function compareInstalled(
  before: readonly InstalledPackage[],
  after: readonly InstalledPackage[],
  asked: readonly string[],
): JobResult[] {
  const shared = sharedNames(before).union(sharedNames(after));
  const idOf = (one: InstalledPackage): string =>
    shared.has(one.name) ? `${one.name}:${one.architecture}` : one.name;
  const old = new Map(before.map((one) => [idOf(one), one]));
  const now = new Map(after.map((one) => [idOf(one), one]));
  const results: JobResult[] = [];
  for (const name of new Set([...old.keys(), ...now.keys()])) {
    const version_before = old.get(name)?.version ?? null;
    const version_after = now.get(name)?.version ?? null;
    const action = actionOf(version_before, version_after);
    const one = now.get(name) ?? old.get(name);
    if (action !== 'unchanged' || (one && asked.some((each) => isNamed(one, each))))
      results.push({ name, action, version_before, version_after });
  }
  return results.sort((a, b) => (a.name < b.name ? -1 : 1));
}
