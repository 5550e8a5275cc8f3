import type { Simulated } from '../adapter.ts';
import type { PackageDoors } from '../doors.ts';
import { query } from '../query.ts';
import { aptFailure, notUnderstood } from './failure.ts';
import { aptTool, SIMULATION_OPTIONS } from './neutral-options.ts';

/** Names that a simulation installs, as apt takes them: `Inst name [old] (new Origin:Suite [arch]) []` of apt 2.6 and 3.0. */
export function parseTaken(text: string): Set<string> {
  return new Set(text.split('\n').flatMap((line) => /^Inst (\S+) \[/.exec(line)?.[1] ?? []));
}

/** `Inst name [old] (new Origin:Suite [arch]) [...]` of apt 2.6 and 3.0. */
const INST = /^Inst (\S+) (?:\[[^\]]*\] )?\((\S+) .*?\[([a-z0-9-]+)\]\)/;
/** `Remv name [old] [...]` and `Purg name [old]` of the same. */
const GONE = /^(Remv|Purg) (\S+)/;

/**
 * What a simulation would make of each package.
 * @param native the architecture of packages that are named without one and go.
 * @throws PatchError `PKG_MANAGER_ERROR` on a line that is not understood: a plan that lacks a step is worse than none.
 */
export function parseSimulation(text: string, native: string): Simulated[] {
  return text.split('\n').flatMap((line): Simulated[] => {
    if (!/^(Inst|Remv|Purg) /.test(line)) return [];
    const [, id, version, architecture = ''] = INST.exec(line) ?? [];
    if (id !== undefined && version !== undefined)
      return [{ name: plainName(id), version, architecture, purge: false }];
    const [, verb, gone] = GONE.exec(line) ?? [];
    if (gone === undefined) throw notUnderstood('apt-get -s', line);
    const [, own = native] = gone.split(':');
    return [{ name: plainName(gone), version: null, architecture: own, purge: verb === 'Purg' }];
  });
}

function plainName(id: string): string {
  return id.split(':', 1)[0] ?? id;
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
