import type { JobResult } from '@linux-patch/contract';
import type { CommandResult } from '@linux-patch/runtime';
import type { PackageAdapter, Particulars } from './adapter.ts';
import type { Installed } from './package-facts.ts';

/** What a finished run did that no comparison of versions shows. What cannot be read now is no fault of the job. */
export async function particularsOf(
  { changing }: Pick<PackageAdapter, 'changing'>,
  result: CommandResult,
): Promise<readonly Particulars[]> {
  return changing.particulars(result).catch(() => []);
}

/** As many as the contract lets a result name. */
const MOST_FILES = 1_000;

/** Results with what is known beside their versions. */
export function withParticulars(
  results: readonly JobResult[],
  { rules }: Pick<PackageAdapter, 'rules'>,
  known: { readonly after: readonly Installed[]; readonly particulars: readonly Particulars[] },
): JobResult[] {
  const { after, particulars } = known;
  if (particulars.length === 0) return [...results];
  return results.map((result) => {
    const one = after.find((each) => rules.isNamed(each, result.name));
    // What is gone has a name and nothing else.
    const own = particulars.filter(({ name }) => (one ? rules.isNamed(one, name) : name === result.name));
    const keptFiles = own.flatMap((each) => each.keptFiles).slice(0, MOST_FILES);
    const again = result.action === 'unchanged' && own.some((each) => each.reinstalled);
    return {
      ...result,
      ...(again ? { action: 'reinstalled' } : {}),
      ...(keptFiles.length > 0 ? { kept_files: keptFiles } : {}),
    };
  });
}
