import type { PackageDoors } from '../doors.ts';
import { query } from '../query.ts';
import { aptFailure } from './failure.ts';
import { aptTool, SIMULATION_OPTIONS } from './neutral-options.ts';

/** Names that a simulation installs, as apt takes them: `Inst name [old] (new Origin:Suite [arch]) []` of apt 2.6 and 3.0. */
export function parseTaken(text: string): Set<string> {
  return new Set(text.split('\n').flatMap((line) => /^Inst (\S+) \[/.exec(line)?.[1] ?? []));
}

/** How apt says that what is installed does not fit together, so that it plans nothing. */
const UNMET = /unmet dependencies|held broken packages/i;

/**
 * Packages that an ordinary upgrade brings to their candidate. It may install new packages and removes none; held and
 * phased ones stay, and those that do not fit. Undefined when dependencies of what is installed are not met: apt then
 * plans nothing.
 * @throws PatchError when apt fails for another reason.
 */
export async function readOffered(doors: PackageDoors): Promise<ReadonlySet<string> | undefined> {
  const result = await query(doors, aptTool('apt-get', [...SIMULATION_OPTIONS, 'upgrade']));
  if (result.exitCode === 0) return parseTaken(result.stdout);
  if (UNMET.test(`${result.stderr}\n${result.stdout}`)) return undefined;
  throw aptFailure('apt-get -s upgrade', result);
}
