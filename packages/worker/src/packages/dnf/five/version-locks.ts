import { belowRoot, type PackageDoors } from '../../doors.ts';
import type { LockList } from '../doors.ts';

const LIST = 'etc/dnf/versionlock.toml';

/** Names in `versionlock.toml` that a condition keeps at a version; those that only leave one out hold nothing. */
export function parseLockList(text: string): string[] {
  const entries = text.split(/^\s*\[\[packages\]\]\s*$/m).slice(1);
  return entries.flatMap((entry) => {
    const [, name] = /^\s*name\s*=\s*["'](.+)["']\s*$/m.exec(entry) ?? [];
    const comparators = [...entry.matchAll(/^\s*comparator\s*=\s*["'](.+)["']\s*$/gm)].map((one) => one[1]);
    return name !== undefined && comparators.some((one) => one !== '!=') ? [name] : [];
  });
}

export function lockList(doors: Pick<PackageDoors, 'root'>): LockList {
  return { path: async () => belowRoot(doors, LIST), parse: parseLockList };
}
