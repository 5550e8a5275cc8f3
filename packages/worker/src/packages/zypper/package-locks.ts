import { matchesGlob } from '../../package-interface/name-pattern.ts';
import { belowRoot, type PackageDoors } from '../doors.ts';
import type { Installed } from '../package-facts.ts';

const LIMIT_BYTES = 1024 * 1024;

/** Where libzypp keeps what `zypper addlock` locks. */
export function locksPath(doors: Pick<PackageDoors, 'root'>): string {
  return belowRoot(doors, 'etc/zypp/locks');
}

/** One lock of the file. */
interface PackageLock {
  readonly pattern: string;
  readonly match: string;
  readonly caseless: boolean;
}

/**
 * Reads the locks of packages: blocks of `key: value`, parted by an empty line. A lock of one version or repository holds
 * less than the package; it counts for the whole, because what is said to be free must be.
 */
export function parseLocks(text: string): PackageLock[] {
  return text.split(/\n\s*\n/).flatMap((block) => {
    const fields = new Map(
      [...block.matchAll(/^\s*(\w+):[ \t]*(.*?)\s*$/gm)].map(([, key = '', value = '']) => [key, value]),
    );
    const pattern = fields.get('solvable_name');
    if (pattern === undefined || (fields.get('type') ?? 'package') !== 'package') return [];
    const match = fields.get('match_type') ?? 'glob';
    return [{ pattern, match, caseless: fields.get('case_sensitive') === 'off' }];
  });
}

function holds({ pattern, match, caseless }: PackageLock, plain: string): boolean {
  const [wanted, name] = caseless ? [pattern.toLowerCase(), plain.toLowerCase()] : [pattern, plain];
  if (match === 'glob') return matchesGlob(wanted, name);
  if (match === 'exact') return wanted === name;
  // A word or a regular expression is told by what it contains; zypper itself keeps what is left out here.
  return match === 'substring' || match === 'word' ? name.includes(wanted) : matchesRegex(wanted, name);
}

/** Only an administrator of this host writes there. */
function matchesRegex(pattern: string, name: string): boolean {
  try {
    return new RegExp(pattern).test(name);
  } catch {
    return false;
  }
}

/** Says of a package whether zypper keeps it at its version. */
export async function readLocks(doors: PackageDoors): Promise<(one: Pick<Installed, 'name'>) => boolean> {
  const locks = parseLocks((await doors.files.readTextLimited(locksPath(doors), LIMIT_BYTES)) ?? '');
  return ({ name }) => locks.some((lock) => holds(lock, name));
}
