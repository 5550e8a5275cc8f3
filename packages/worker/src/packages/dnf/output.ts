import type { CommandResult } from '@linux-patch/runtime';
import type { Progress } from '../adapter.ts';
import { nameOfNevra } from '../rpm/names.ts';
import type { SaidBesides } from './generation.ts';

/** Downloading is taken for the first part of the work, the transaction for the rest. */
export const DOWNLOAD_SHARE = 0.3;

/** `  Upgrading        : toylib-1.1-1.noarch       1/11 `; "Verifying", which has a count of its own, is none of these. */
const STEP =
  /^ {2}(Installing|Upgrading|Downgrading|Reinstalling|Obsoleting|Erasing|Removing|Cleanup|Running scriptlet) *: (\S+) +(\d+)\/(\d+) *$/;
const DOWNLOAD = /^\((\d+)\/(\d+)\): (\S+)/;

/** Progress of a run of dnf 4.14 to 4.23; a line of a script that looks the same moves the bar and nothing else. */
export function parseProgress(line: string): Progress | undefined {
  const [, got, files, file] = DOWNLOAD.exec(line) ?? [];
  if (file !== undefined)
    return { percent: share(got, files, 100 * DOWNLOAD_SHARE), message: `Downloading ${file}` };
  const [, verb, nevra, done, all] = STEP.exec(line) ?? [];
  if (nevra === undefined) return undefined;
  const percent = 100 * DOWNLOAD_SHARE + share(done, all, 100 * (1 - DOWNLOAD_SHARE));
  return { percent: Math.round(percent), message: `${verb} ${nevra}` };
}

export function share(done: string | undefined, all: string | undefined, of: number): number {
  const [one, whole] = [Number(done), Number(all)];
  return whole > 0 ? Math.round(of * Math.min(1, one / whole)) : 0;
}

/** Where the lines about a package's script begin. */
const SCRIPTLET = /^ {2}Running scriptlet *: (\S+) +\d+\/\d+ *$/;
const SCRIPT_ERROR = /^Error in (\w+) scriptlet in rpm package (\S+)$/;
const LINES = 5;
const LINE_CHARACTERS = 200;

/** Packages whose scripts failed, by name; of a script after the installation dnf 4 says so and ends well. */
export function readFailedScripts({ stderr }: Pick<CommandResult, 'stderr'>): string[] {
  return [...new Set(stderr.split('\n').flatMap((line) => SCRIPT_ERROR.exec(line)?.[2] ?? []))];
}

/** The last lines of a package's script and dnf's word on it; empty when dnf says nothing of one. */
export function scriptWords(
  { stdout, stderr }: Pick<CommandResult, 'stdout' | 'stderr'>,
  name: string,
): string[] {
  const errors = stderr.split('\n').filter((line) => SCRIPT_ERROR.exec(line)?.[2] === name);
  if (errors.length === 0) return [];
  const lines = stdout.split('\n');
  const at = lines.findLastIndex((line) => nameOfNevra(SCRIPTLET.exec(line)?.[1] ?? '') === name);
  const rest = at < 0 ? [] : lines.slice(at + 1);
  const end = rest.findIndex((line) => line === '' || STEP.test(line));
  return [...rest.slice(0, end < 0 ? undefined : end), ...errors]
    .map((line) => line.trim().slice(0, LINE_CHARACTERS))
    .filter((line) => line !== '')
    .slice(-LINES);
}

/** `Package toynew-1.0-1.noarch.rpm is not signed`, as the names that plans go by. */
export function readUntrusted({ stderr }: Pick<CommandResult, 'stderr'>): string[] {
  const refused = /^(?:Package|Public key for) (\S+)\.rpm is not (?:signed|installed|correct)/;
  return stderr.split('\n').flatMap((line) => nameOfNevra(refused.exec(line)?.[1] ?? '') ?? []);
}

const NEW_BESIDE = /^(?:warning:|>>> \[RPM\]) (\/.+) created as (\/.+\.rpmnew)$/;

/** Configuration files that rpm left as an administrator made them; the new ones end in `.rpmnew`. */
export function keptFilesIn(text: string): string[] {
  return text.split('\n').flatMap((line) => {
    const [, path, beside] = NEW_BESIDE.exec(line) ?? [];
    return path !== undefined && beside === `${path}.rpmnew` ? [path] : [];
  });
}

export function readSaidBesides(result: Pick<CommandResult, 'stdout'>): SaidBesides {
  return { reinstalled: readReinstalled(result), kept: keptFilesIn(result.stdout) };
}

function readReinstalled({ stdout }: Pick<CommandResult, 'stdout'>): string[] {
  const names = stdout.split('\n').flatMap((line) => {
    const [, verb, nevra] = STEP.exec(line) ?? [];
    return verb === 'Reinstalling' ? (nameOfNevra(nevra ?? '') ?? []) : [];
  });
  return [...new Set(names)];
}
