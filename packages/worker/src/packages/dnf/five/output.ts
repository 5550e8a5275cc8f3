import type { CommandResult } from '@linux-patch/runtime';
import type { Progress } from '../../adapter.ts';
import { nameOfNevra } from '../../rpm/names.ts';
import type { SaidBesides } from '../generation.ts';
import { DOWNLOAD_SHARE, keptFilesIn, share } from '../output.ts';

/**
 * `[ 3/13] Upgrading toylib-0:1.1-1.noarch 100% | …` of the transaction and `[1/6] toynew-0:1.0-1.noarch 100% | …` of the
 * downloads before it; names are cut to fit.
 */
const BAR = /^\[ *(\d+)\/(\d+)\] (.+?) +[\d?]+% \|/;
const VERB = /^(?:Verify|Prepare|Installing|Upgrading|Downgrading|Reinstalling|Removing) /;

/** Progress of a run of dnf 5; a line of a script has a mark before it. */
export function parseDnf5Progress(line: string): Progress | undefined {
  const [, done, all, what] = BAR.exec(line) ?? [];
  if (what === undefined || what === 'Total') return undefined;
  if (!VERB.test(what))
    return { percent: share(done, all, 100 * DOWNLOAD_SHARE), message: `Downloading ${what}` };
  const percent = 100 * DOWNLOAD_SHARE + share(done, all, 100 * (1 - DOWNLOAD_SHARE));
  return { percent: Math.round(percent), message: what };
}

const SCRIPT_ERROR = /^>>> (?:Non-critical error|Error|Warning) in %(\w+) scriptlet: (\S+)$/;
/** What a script printed stands behind this, until a word of rpm on it or a line without a mark. */
const SCRIPT_OUTPUT = '>>> Scriptlet output:';
const MARK = '>>> ';
const RPM_WORD = '>>> [RPM] ';
const LINES = 5;
const LINE_CHARACTERS = 200;

/** Lines of dnf 5 itself, without what scripts printed among them. */
export function ownLines(stderr: string): string[] {
  let script = false;
  return stderr.split('\n').filter((line) => {
    if (script && line.startsWith('>>>') && !line.startsWith(RPM_WORD)) return false;
    script = line === SCRIPT_OUTPUT;
    return !script;
  });
}

/** Packages whose scripts failed, by name. With rpm 6 the run then fails as well, though the package is there. */
export function readDnf5FailedScripts({ stderr }: Pick<CommandResult, 'stderr'>): string[] {
  const names = ownLines(stderr).flatMap((line) => nameOfNevra(SCRIPT_ERROR.exec(line)?.[2] ?? '') ?? []);
  return [...new Set(names)];
}

/** The last lines of a package's script and the word of rpm on it; empty when dnf says nothing of one. */
export function dnf5ScriptWords({ stderr }: Pick<CommandResult, 'stderr'>, name: string): string[] {
  const lines = stderr.split('\n');
  const at = lines.findLastIndex((line) => nameOfNevra(SCRIPT_ERROR.exec(line)?.[2] ?? '') === name);
  if (at < 0) return [];
  const rest = lines.slice(at + 1);
  const end = rest.findIndex((line) => !line.startsWith('>>>'));
  return [...rest.slice(0, end < 0 ? undefined : end), lines[at] ?? '']
    .filter((line) => line !== SCRIPT_OUTPUT)
    .map((line) => line.slice(MARK.length).trim().slice(0, LINE_CHARACTERS))
    .filter((line) => line !== '')
    .slice(-LINES);
}

/** `OpenPGP check for package "toynew-1.0-1.noarch" … has failed`, as the names that plans go by. */
export function readDnf5Untrusted({ stderr }: Pick<CommandResult, 'stderr'>): string[] {
  const refused = /^(?:Open)?PGP check for package "(\S+)" .*has failed/;
  return ownLines(stderr).flatMap((line) => nameOfNevra(refused.exec(line)?.[1] ?? '') ?? []);
}

const AGAIN = /^ (\S+) +\S+ +\S+:\S+ +\S+ +[\d.]+ +\w+$/;

export function readDnf5Said({ stdout, stderr }: Pick<CommandResult, 'stdout' | 'stderr'>): SaidBesides {
  const lines = stdout.split('\n');
  const rest = lines.slice(lines.indexOf('Reinstalling:') + 1);
  const end = rest.findIndex((line) => !line.startsWith(' '));
  const reinstalled = lines.includes('Reinstalling:')
    ? rest.slice(0, end < 0 ? undefined : end).flatMap((line) => AGAIN.exec(line)?.[1] ?? [])
    : [];
  return { reinstalled, kept: keptFilesIn(stderr) };
}
