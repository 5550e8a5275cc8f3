import { PatchError } from '@linux-patch/contract';
import type { PackageDoors } from '../doors.ts';
import { rpmArguments } from './database.ts';

const LIMIT_MS = 180_000;
const REASONS = 3;
/** `Unsatisfied dependencies for toyapp-1.0-1.noarch:`, followed by what it lacks. */
const HEADING = /^Unsatisfied dependencies for (\S+):$/;
const LACKS = /^\t(.+) is needed by .*$/;

/** Reads `rpm -Va` without files of rpm 4.14 to 6.1; undefined when everything is met. */
export function parseUnmet(text: string): string | undefined {
  const lines = text.split('\n');
  const found = lines.flatMap((line, index) => {
    const [, owner] = HEADING.exec(line) ?? [];
    const [, what = 'something'] = LACKS.exec(lines[index + 1] ?? '') ?? [];
    return owner === undefined ? [] : [`${owner} needs ${what}`];
  });
  if (found.length === 0) return undefined;
  const more = found.length > REASONS ? ` and ${found.length - REASONS} more` : '';
  return `${found.slice(0, REASONS).join(', ')}${more}`;
}

/** Which dependencies of installed packages are not met; undefined when all are. dnf and zypper plan and change others all the same. */
export async function readUnmet(doors: PackageDoors, signal: AbortSignal): Promise<string | undefined> {
  const args = [
    ...rpmArguments(doors.root),
    '-Va',
    '--nofiles',
    '--noscripts',
    '--nodigest',
    '--nosignature',
  ];
  const result = await doors.commands.run({ program: 'rpm', args, timeoutMs: LIMIT_MS, signal });
  signal.throwIfAborted();
  const unmet = parseUnmet(result.stdout);
  // It ends with the number of packages that lack something.
  if (unmet !== undefined || result.exitCode === 0) return unmet;
  throw new PatchError(
    'PKG_MANAGER_ERROR',
    `rpm -Va failed (exit ${result.exitCode}): ${result.stderr.trim()}`,
  );
}
