import { PatchError } from '@linux-patch/contract';
import type { CommandResult } from '@linux-patch/runtime';
import { belowRoot, type PackageDoors } from '../doors.ts';
import type { Installed } from '../package-facts.ts';
import { query } from '../query.ts';
import { notUnderstood } from './failure.ts';

const FORMAT =
  '${Package}\\t${Version}\\t${Architecture}\\t${db:Status-Abbrev}\\t${Installed-Size}\\t${source:Package}\\t${source:Version}\\t${binary:Summary}\\n';
const KIB = 1024;

/**
 * Reads `dpkg-query -W` output. Packages that are removed but not purged are not installed.
 * @throws PatchError `PKG_MANAGER_ERROR` on a line that is not understood: fewer packages than there are is worse
 *   than none.
 */
export function parseInstalled(text: string): Installed[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .flatMap((line) => {
      const [name, version, architecture, status, size, from, fromVersion, ...summary] = line.split('\t');
      if (!name || version === undefined || !architecture || !status || fromVersion === undefined)
        throw notUnderstood('dpkg-query', line);
      if (['n', 'c'].includes(status[1] ?? '')) return [];
      const sizeBytes = /^\d+$/.test(size ?? '') ? Number(size) * KIB : null;
      const held = status.startsWith('h');
      const broken = status[1] !== 'i' || (status[2] ?? ' ') === 'R';
      const source = from && fromVersion ? { name: from, version: fromVersion } : null;
      const description = summary.join('\t');
      return [{ name, version, architecture, description, sizeBytes, source, held, broken }];
    });
}

/**
 * Everything that is installed.
 * @throws PatchError `PKG_MANAGER_ERROR`
 */
export async function readInstalled(doors: PackageDoors): Promise<Installed[]> {
  const result = await query(doors, { program: 'dpkg-query', args: ['-W', '-f', FORMAT] });
  // dpkg-query ends with 1 and these words when the database is empty.
  if (result.exitCode === 1 && result.stderr.includes('no packages found')) return [];
  if (result.exitCode !== 0) throw dpkgFailure('dpkg-query', result);
  return parseInstalled(result.stdout);
}

function dpkgFailure(what: string, { exitCode, stderr }: CommandResult): PatchError {
  return new PatchError('PKG_MANAGER_ERROR', `${what} failed (exit ${exitCode}): ${stderr.trim()}`);
}

/** When dpkg last wrote down the files of a package, epoch milliseconds: then it was installed. */
export async function readInstalledAtMs(
  doors: PackageDoors,
  { name, architecture }: Pick<Installed, 'name' | 'architecture'>,
): Promise<number | undefined> {
  for (const file of [`${name}.list`, `${name}:${architecture}.list`]) {
    const facts = await doors.files.facts(belowRoot(doors, `var/lib/dpkg/info/${file}`));
    if (facts) return facts.modifiedMs;
  }
  return undefined;
}
