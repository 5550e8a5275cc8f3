import type { JobResult } from '@linux-patch/contract';
import type { PackageRules } from './adapter.ts';
import type { Installed } from './package-facts.ts';
import type { Wish } from './wishes.ts';

function actionOf(before: string | null, after: string | null, rules: PackageRules): JobResult['action'] {
  if (before === after) return 'unchanged';
  if (before === null) return 'installed';
  if (after === null) return 'removed';
  return rules.compareVersions(before, after) < 0 ? 'upgraded' : 'downgraded';
}

/** Names that are there for more than one architecture at once. */
function sharedNames(list: readonly Installed[]): ReadonlySet<string> {
  const seen = new Set<string>();
  return new Set(list.flatMap(({ name }) => (seen.size === seen.add(name).size ? [name] : [])));
}

function isVersion(want: Wish['want'], version: string | null): boolean {
  return typeof want === 'object' && want.version === version;
}

/** What really changed, by the database; the packages that were asked for are always among them. */
export function compareInstalled(
  before: readonly Installed[],
  after: readonly Installed[],
  { wishes, rules }: { readonly wishes: readonly Wish[]; readonly rules: PackageRules },
): JobResult[] {
  const shared = sharedNames(before).union(sharedNames(after));
  const idOf = (one: Installed): string => (shared.has(one.name) ? rules.qualifiedName(one) : one.name);
  const old = new Map(before.map((one) => [idOf(one), one]));
  const now = new Map(after.map((one) => [idOf(one), one]));
  const results: JobResult[] = [];
  for (const name of new Set([...old.keys(), ...now.keys()])) {
    const version_before = old.get(name)?.version ?? null;
    const version_after = now.get(name)?.version ?? null;
    const action = actionOf(version_before, version_after, rules);
    const one = now.get(name) ?? old.get(name);
    const own = one ? wishes.filter((each) => rules.isNamed(one, each.name)) : [];
    if (action === 'unchanged' && own.length === 0) continue;
    const security =
      action === 'upgraded' ? own.find(({ want }) => isVersion(want, version_after))?.security : undefined;
    results.push({
      name,
      action,
      version_before,
      version_after,
      ...(security === undefined ? {} : { security }),
    });
  }
  return results.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * Results in which packages that are half configured count as failed, whatever became of their versions.
 * @param code why they are
 */
export function withFailures(
  results: readonly JobResult[],
  broken: readonly Installed[],
  { rules, code }: { readonly rules: PackageRules; readonly code: 'SCRIPT_FAILED' | 'INTERRUPTED' },
): JobResult[] {
  return results.map((one) =>
    broken.some((each) => rules.isNamed(each, one.name))
      ? { ...one, action: 'failed', error_code: code }
      : one,
  );
}
