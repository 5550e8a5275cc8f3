import { PatchError } from '@linux-patch/contract';
import type { CommandResult } from '@linux-patch/runtime';
import type { PlanAnswer } from '../answers.ts';
import type { DnfChange } from '../change.ts';
import type { Nevra } from '../doors.ts';
import { outputOf } from './program.ts';

/** Arguments of one change, which is one run: what comes and what goes besides. */
export function changeArguments(change: DnfChange): string[] {
  const { command, specs, remove, exclude, force, erase, weak } = change;
  const erasing = erase && command !== 'remove' ? ['--allowerasing'] : [];
  return [
    '--setopt=best=1',
    '--setopt=clean_requirements_on_remove=0',
    ...(force ? ['--setopt=disable_excludes=*'] : []),
    ...(weak ? [] : ['--setopt=install_weak_deps=0']),
    ...exclude.map((one) => `--exclude=${one}`),
    ...(remove.length === 0 || command === 'remove'
      ? [command, ...erasing, ...specs, ...(command === 'remove' ? remove : [])]
      : ['do', ...erasing, `--action=${command}`, ...specs, '--action=remove', ...remove]),
  ];
}

/** Headings of the table, and what becomes of the packages below each. */
const HEADINGS: Readonly<Record<string, 'comes' | 'goes' | 'nothing'>> = {
  Installing: 'comes',
  'Installing dependencies': 'comes',
  'Installing weak dependencies': 'comes',
  Upgrading: 'comes',
  Downgrading: 'comes',
  Reinstalling: 'comes',
  Removing: 'goes',
  'Removing dependent packages': 'goes',
  'Removing unused dependencies': 'goes',
  'Skipping packages with conflicts': 'nothing',
  'Skipping packages with broken dependencies': 'nothing',
  'Changing reason': 'nothing',
};
/** `Transaction Summary`: how many rows the table must have had. */
const COUNTS: Readonly<Record<string, 'coming' | 'going' | 'replaced'>> = {
  Installing: 'coming',
  Upgrading: 'coming',
  Downgrading: 'coming',
  Reinstalling: 'coming',
  Removing: 'going',
  Replacing: 'replaced',
};

const ROW = /^ (\S+) +(\S+) +(\S+:\S+) +\S+ +[\d.]+ +\w+$/;
const REPLACED = /^ {3}replacing (\S+) +(\S+) +(\S+:\S+) +\S+ +[\d.]+ +\w+$/;
const COUNT = /^ ([\w ]+): +(\d+) packages?$/;

const SUMMARY = 'Transaction Summary:';
/** What dnf 5 says at the end of a plan that nobody agreed to. */
const PLANNED = 'Operation aborted by the user.';
const UNRESOLVED = 'Failed to resolve the transaction:';

/**
 * Reads what `dnf5 --assumeno` printed. The table is the whole answer or none: its rows are counted.
 * @throws PatchError `PKG_MANAGER_ERROR` for what is not understood
 */
export function parsePlan(result: CommandResult): PlanAnswer {
  const said = result.stderr.split('\n');
  if (result.exitCode !== 0 && said.includes(UNRESOLVED)) return refused(said);
  const nothing = result.exitCode === 0 && result.stdout.split('\n').includes('Nothing to do.');
  if (nothing) return { refusal: null, coming: [], going: [] };
  if (!said.includes(PLANNED)) {
    outputOf('plan', result);
    throw notUnderstood(result.stdout.trim().split('\n').at(-1) ?? '');
  }
  return parseTable(result.stdout.split('\n').filter((line) => line !== ''));
}

function refused(said: readonly string[]): PlanAnswer {
  const rest = said.slice(said.indexOf(UNRESOLVED) + 1);
  const end = rest.findIndex((line) => line.startsWith('You can try to add to command line:'));
  const refusal = rest.slice(0, end < 0 ? undefined : end).filter((line) => line.trim() !== '');
  return { refusal: refusal.join('\n'), coming: [], going: [] };
}

function parseTable(lines: readonly string[]): PlanAnswer {
  const [coming, going, replaced]: [Nevra[], Nevra[], Nevra[]] = [[], [], []];
  const end = lines.indexOf(SUMMARY);
  if (end < 0) throw notUnderstood(lines.at(-1) ?? '');
  let what: 'comes' | 'goes' | 'nothing' | undefined;
  for (const line of lines.slice(1, end)) {
    if (!line.startsWith(' ')) {
      const heading = line.replace(/:$/, '');
      what = Object.hasOwn(HEADINGS, heading) ? HEADINGS[heading] : undefined;
      if (what === undefined) throw notUnderstood(line);
    } else if (what !== 'nothing') {
      const old = REPLACED.exec(line);
      const [, name, arch, evr] = old ?? ROW.exec(line) ?? [];
      if (name === undefined || arch === undefined || evr === undefined) throw notUnderstood(line);
      const list = old ? replaced : what === 'comes' ? coming : going;
      list.push({ name, arch, version: withoutZeroEpoch(evr) });
    }
  }
  requireCounts(lines.slice(end + 1), { coming, going, replaced });
  return { refusal: null, coming, going: [...going, ...replaced] };
}

/** dnf 5 writes an epoch always, rpm and everyone else only where it is not 0. */
export function withoutZeroEpoch(evr: string): string {
  return evr.replace(/^0:/, '');
}

function requireCounts(
  lines: readonly string[],
  found: Readonly<Record<'coming' | 'going' | 'replaced', readonly Nevra[]>>,
): void {
  const wanted = { coming: 0, going: 0, replaced: 0 };
  for (const line of lines) {
    const [, word = '', count] = COUNT.exec(line) ?? [];
    const kind = Object.hasOwn(COUNTS, word) ? COUNTS[word] : undefined;
    if (kind !== undefined) wanted[kind] += Number(count);
  }
  for (const kind of ['coming', 'going', 'replaced'] as const)
    if (wanted[kind] !== found[kind].length)
      throw notUnderstood(`${found[kind].length} of ${wanted[kind]} packages`);
}

function notUnderstood(line: string): PatchError {
  return new PatchError(
    'PKG_MANAGER_ERROR',
    `dnf5 printed a plan that is not understood: "${line.slice(0, 120)}"`,
  );
}
