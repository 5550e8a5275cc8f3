import type { CommandResult } from '@linux-patch/runtime';
import {
  mayGetOlder,
  type PackageChange,
  type Refusal,
  type Simulated,
  type Simulation,
} from '../adapter.ts';
import type { PackageDoors } from '../doors.ts';
import { askPacman, questionFailed } from './ask.ts';
import { type PacmanChange, type PacmanRun, planArguments, printArguments } from './change.ts';
import type { PacmanConfig } from './config.ts';
import { type PacmanInstalled, readInstalled } from './local-database.ts';
import { plainName, splitPackage } from './names.ts';
import { readRecords } from './sync-records.ts';
import { comparePacmanVersions } from './versions.ts';

/** Reasons that one clause names, and the longest clause. */
const REASON_LIMIT = 4;
const CLAUSE_CHARACTERS = 1_000;

/** A package in the last list before pacman begins. */
export interface PlannedPackage {
  readonly name: string;
  readonly version: string;
  readonly goes: boolean;
}

const LIST = /^Packages? \((\d+)\) (.*(?:\n(?!\n).*)*)/m;

/**
 * The list that pacman shows before it asks whether to begin, of pacman 6 and 7; undefined when it did not come so far. One
 * that has not as many packages as it says counts as none.
 */
export function parsePlan(
  { stdout }: Pick<CommandResult, 'stdout'>,
  goes: boolean,
): PlannedPackage[] | undefined {
  if (/^ ?there is nothing to do$/m.test(stdout)) return [];
  const [, count, text = ''] = LIST.exec(stdout) ?? [];
  const words = text.split(/\s+/).filter(Boolean);
  const packages = words.flatMap((word, index) => {
    const parts = splitPackage(word);
    return parts ? [{ ...parts, goes: goes || words[index + 1] === '[removal]' }] : [];
  });
  return packages.length === Number(count) ? packages : undefined;
}

/** Lines of standard error; what nobody answered stands before the next on the same line. */
function errorLines({ stderr }: Pick<CommandResult, 'stderr'>): string[] {
  return stderr.replaceAll(/\[[Yy]\/[Nn]\] /g, '\n').split('\n');
}

/** Why pacman does not do it, in its own words: its errors, and the lines that begin as its messages do and ask nothing. */
export function refusalOf(result: Pick<CommandResult, 'stdout' | 'stderr'>): Refusal {
  const { stdout } = result;
  const details = stdout
    .split('\n')
    .filter((line) => line.startsWith(':: ') && !/(?:\.\.\.|:|\[[Yy]\/[Nn]\] ?)$/.test(line))
    .map((line) => line.slice(3));
  const errors = errorLines(result)
    .filter((line) => line.startsWith('error: '))
    .map((line) => line.slice('error: '.length));
  const held = /HoldPkg was found/.test(result.stderr) ? ['pacman.conf names it in HoldPkg'] : [];
  const lines = [...new Set([...held, ...details, ...errors])];
  const reason = lines.slice(0, REASON_LIMIT).join('; ').slice(0, CLAUSE_CHARACTERS);
  return { code: 'DEPENDENCY_CONFLICT', why: 'unsatisfiable', reason: reason || 'pacman gives no reason' };
}

interface Asked {
  readonly change: PackageChange;
  readonly command: PacmanChange;
  readonly untrusted: ReadonlySet<string>;
  readonly signal: AbortSignal;
}

/**
 * What pacman would do, or why it would not.
 * @throws PatchError when pacman was stopped
 */
export async function simulateChange(
  doors: PackageDoors,
  config: PacmanConfig,
  { change, command, untrusted, signal }: Asked,
): Promise<Simulation> {
  const installed = await readInstalled(doors, config);
  const held = heldRefusal(change, installed);
  if (held) return { refusal: held };
  const plan =
    change.kind === 'versions' && command.first
      ? await planBoth(doors, config, { command, first: command.first, signal })
      : await planOne(doors, config, { command, signal });
  if ('refusal' in plan) return plan;
  const { planned } = plan;
  const { databases } = command;
  const refusal = untrustedRefusal(planned, untrusted) ?? versionRefusal(change, planned, installed);
  if (refusal) return { refusal };
  const purge = change.kind === 'remove' && change.purge;
  return {
    refusal: undefined,
    packages: await simulatedOf(doors, config, { planned, installed, purge, databases }),
  };
}

type Planned = { readonly refusal: Refusal } | { readonly planned: readonly PlannedPackage[] };

async function planOne(
  doors: PackageDoors,
  config: PacmanConfig,
  { command, signal }: { readonly command: PacmanChange; readonly signal: AbortSignal },
): Promise<Planned> {
  const { databases } = command;
  const result = await askPacman(doors, config, { args: planArguments(command), databases, signal });
  const first = parsePlan(result, command.operation.startsWith('-R'));
  if (!first) return { refusal: refusalOf(result) };
  return { planned: await withAllowed(doors, config, { command, result, first, signal }) };
}

/** What brings packages in, and what takes others away that then nobody needs any more. */
async function planBoth(
  doors: PackageDoors,
  config: PacmanConfig,
  {
    command,
    first,
    signal,
  }: {
    readonly command: PacmanChange;
    readonly first: PacmanRun;
    readonly signal: AbortSignal;
  },
): Promise<Planned> {
  const brought = await planOne(doors, config, { command: { ...command, ...first }, signal });
  if ('refusal' in brought) return brought;
  const { databases, targets } = command;
  const result = await askPacman(doors, config, { args: planArguments(command), databases, signal });
  const alone = parsePlan(result, true);
  const coming = new Set(brought.planned.map(({ name }) => name));
  const needing = requiredBy(result);
  // What needs them as it is now may not as it will be.
  if (!alone && (needing.length === 0 || needing.some((name) => !coming.has(name))))
    return { refusal: refusalOf(result) };
  const going = alone ?? targets.map((name) => ({ name, version: '', goes: true }));
  return { planned: [...brought.planned, ...going] };
}

/** Names of packages that need what would go, of pacman 6 and 7. */
export function requiredBy({ stdout }: Pick<CommandResult, 'stdout'>): string[] {
  return stdout
    .split('\n')
    .flatMap((line) => /^:: removing \S+ breaks dependency '.*' required by (\S+)$/.exec(line)?.[1] ?? []);
}

/** `:: Replace toyold with lab/toynew? [Y/n]` */
const REPLACE = /^:: Replace (\S+) with \S+\/\S+\?/;

/** Packages whose place others would take, which pacman asks about. */
function parseReplaced(result: Pick<CommandResult, 'stderr'>): string[] {
  return errorLines(result).flatMap((line) => REPLACE.exec(line)?.[1] ?? []);
}

/** `toylib 1.1-1` of `--print`. */
function parsePrinted({ stdout }: Pick<CommandResult, 'stdout'>): PlannedPackage[] {
  return stdout.split('\n').flatMap((line) => {
    const [, name, version] = /^(\S+) (\S+-\S+)$/.exec(line) ?? [];
    return name === undefined || version === undefined ? [] : [{ name, version, goes: false }];
  });
}

/** A plan, and what is allowed besides: "yes" to what is ignored or replaced changes what else has to come. */
async function withAllowed(
  doors: PackageDoors,
  config: PacmanConfig,
  given: {
    readonly command: PacmanChange;
    readonly result: CommandResult;
    readonly first: readonly PlannedPackage[];
    readonly signal: AbortSignal;
  },
): Promise<readonly PlannedPackage[]> {
  const { command, result, first, signal } = given;
  const replaced = command.allowed.replaced ? parseReplaced(result) : [];
  if (replaced.length === 0 && !command.allowed.ignored) return first;
  const args = printArguments(command);
  const printed = await askPacman(doors, config, { args, databases: command.databases, signal });
  if (printed.exitCode !== 0) throw questionFailed(command.operation, printed);
  return [...parsePrinted(printed), ...replaced.map((name) => ({ name, version: '', goes: true }))];
}

async function simulatedOf(
  doors: PackageDoors,
  config: PacmanConfig,
  given: {
    readonly planned: readonly PlannedPackage[];
    readonly installed: readonly PacmanInstalled[];
    readonly purge: boolean;
    readonly databases: PacmanChange['databases'];
  },
): Promise<Simulated[]> {
  const { planned, installed, purge, databases } = given;
  const names = planned.filter((one) => !one.goes).map(({ name }) => name);
  const records = names.length === 0 ? [] : await readRecords(doors, config, { names, databases });
  return planned.map(({ name, version, goes }) => {
    const coming = goes ? undefined : records.find((one) => one.name === name && one.version === version);
    const own = installed.find((one) => one.name === name);
    const architecture = coming?.architecture ?? own?.architecture ?? 'any';
    return { name, architecture, version: goes ? null : version, purge: goes && purge };
  });
}

/** pacman asks whether to change what it ignores; here that needs `force`. */
function heldRefusal(change: PackageChange, installed: readonly PacmanInstalled[]): Refusal | undefined {
  const names = heldNames(change);
  const held = installed.filter((one) => one.held && names.includes(one.name)).map((one) => one.name);
  if (held.length === 0) return undefined;
  const reason = `${held.join(', ')} ${held.length === 1 ? 'is' : 'are'} held by IgnorePkg or IgnoreGroup of pacman.conf`;
  return { code: 'DEPENDENCY_CONFLICT', why: 'held', reason };
}

function heldNames(change: PackageChange): string[] {
  if (change.kind === 'versions') return change.bring.map((one) => plainName(one.name));
  return change.kind === 'install' && !change.force ? change.packages.map((one) => plainName(one.name)) : [];
}

function untrustedRefusal(
  planned: readonly PlannedPackage[],
  untrusted: ReadonlySet<string>,
): Refusal | undefined {
  const found = planned.filter((one) => !one.goes && untrusted.has(one.name));
  if (found.length === 0) return undefined;
  const names = found.map(({ name, version }) => `${name} ${version}`).join(', ');
  return { code: 'GPG_ERROR', why: 'untrusted', reason: `${names} has no signature that pacman trusts` };
}

/** Older versions need a permission, and single packages are not brought to newer ones. */
function versionRefusal(
  change: PackageChange,
  planned: readonly PlannedPackage[],
  installed: readonly PacmanInstalled[],
): Refusal | undefined {
  const orders = planned.flatMap(({ name, version, goes }) => {
    const own = goes ? undefined : installed.find((one) => one.name === name && !one.broken);
    return own ? [{ name, order: comparePacmanVersions(version, own.version) }] : [];
  });
  const refused = (reason: string): Refusal => ({ code: 'DEPENDENCY_CONFLICT', why: 'refused', reason });
  const older = orders.filter(({ order }) => order < 0).map(({ name }) => name);
  if (older.length > 0 && !mayGetOlder(change))
    return refused(`${older.join(', ')} would get an older version`);
  if (change.kind !== 'install') return undefined;
  const names = change.packages.map((one) => plainName(one.name));
  const newer = orders.filter(({ name, order }) => order > 0 && names.includes(name)).map(({ name }) => name);
  return newer.length === 0
    ? undefined
    : refused(
        `${newer.join(', ')} would be upgraded alone, which pacman does not support; apply all updates`,
      );
}
