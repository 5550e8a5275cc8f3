import type { CommandResult } from '@linux-patch/runtime';
import type { Particulars, Progress } from '../adapter.ts';
import { belowRoot, type PackageDoors } from '../doors.ts';
import type { PacmanConfig } from './config.ts';
import { readFiles, readInstalled } from './local-database.ts';

/** What pacman prints when it begins with a package; it never says when it has ended with one. */
const STEP = /^(installing|upgrading|downgrading|reinstalling|removing) (\S+)\.\.\.$/;
/** Above it a change is prepared, and only hooks that run before have said anything. */
const BEGINS = /^:: Processing package changes\.\.\.$/;
const HOOKS = /^:: Running (pre|post)-transaction hooks\.\.\.$/;
const HOOK = /^\( *\d+\/\d+\) (.*?)(?:\.\.\.)?$/;
/** pacman's word on a script or hook that failed, whatever its exit. */
const SCRIPT_ERROR = 'error: command failed to execute correctly';

/** Downloading is taken for the first part of the work, the packages for the rest. */
const DOWNLOAD_SHARE = 30;

/** Reads the progress of runs of pacman 6 and 7, line by line: how many packages there are is told once, before them. */
export function progressReader(): (line: string) => Progress | undefined {
  let [all, got, done] = [0, 0, 0];
  return (line) => {
    const [, count] = /^Packages? \((\d+)\) /.exec(line) ?? [];
    if (count !== undefined) [all, got, done] = [Number(count), 0, 0];
    const [, file] = /^ (\S+) downloading\.\.\.$/.exec(line) ?? [];
    if (file !== undefined && all > 0)
      return { percent: share(++got, all, DOWNLOAD_SHARE), message: `Downloading ${file}` };
    const [, verb, name] = STEP.exec(line) ?? [];
    if (name === undefined || all === 0) return undefined;
    // What has begun is not done.
    const percent = DOWNLOAD_SHARE + share(done++, all, 100 - DOWNLOAD_SHARE);
    return { percent, message: `${verb} ${name}` };
  };
}

function share(done: number, all: number, of: number): number {
  return Math.round(of * Math.min(1, done / all));
}

/** A stretch of the output that belongs to one package, or to one hook. */
interface Part {
  readonly kind: 'package' | 'hook';
  readonly name: string;
  readonly verb: string;
  readonly lines: string[];
}

function partsOf({ stdout }: Pick<CommandResult, 'stdout'>): Part[] {
  const parts: Part[] = [];
  let inside: 'packages' | 'hooks' | undefined;
  for (const line of stdout.split('\n')) {
    if (BEGINS.test(line)) inside = 'packages';
    else if (HOOKS.test(line)) inside = 'hooks';
    if (inside === undefined) continue;
    const [, verb = '', name] = (inside === 'packages' && STEP.exec(line)) || [];
    const [, hook] = (inside === 'hooks' && HOOK.exec(line)) || [];
    if (name !== undefined) parts.push({ kind: 'package', name, verb, lines: [] });
    else if (hook !== undefined) parts.push({ kind: 'hook', name: hook, verb: '', lines: [] });
    else parts.at(-1)?.lines.push(line);
  }
  return parts;
}

function failedParts(result: Pick<CommandResult, 'stdout'>): Part[] {
  return partsOf(result).filter((one) => one.lines.includes(SCRIPT_ERROR));
}

const LINES = 5;
const LINE_CHARACTERS = 200;

function wordsOf(part: Part | undefined): string[] {
  const lines = (part?.lines ?? []).map((line) => line.trim().slice(0, LINE_CHARACTERS)).filter(Boolean);
  return lines.slice(0, lines.indexOf(SCRIPT_ERROR) + 1).slice(-LINES);
}

/** Packages whose scripts failed; pacman says so and ends well. */
export function readFailedScripts(result: Pick<CommandResult, 'stdout'>): string[] {
  return failedParts(result).flatMap((one) => (one.kind === 'package' ? [one.name] : []));
}

/** The last lines of a package's script and pacman's word on it; empty when it says nothing of one. */
export function scriptWords(result: Pick<CommandResult, 'stdout'>, name: string): string[] {
  return wordsOf(failedParts(result).find((one) => one.kind === 'package' && one.name === name));
}

/** Sentences on hooks that failed; undefined when none did. */
export function failedHooks(result: Pick<CommandResult, 'stdout'>): string | undefined {
  const hooks = failedParts(result).filter((one) => one.kind === 'hook');
  if (hooks.length === 0) return undefined;
  return hooks.map((one) => `The hook "${one.name}" failed: ${wordsOf(one).join(' / ')}.`).join(' ');
}

/** Packages without a signature that pacman trusts. */
export function readUntrusted({ stdout }: Pick<CommandResult, 'stdout'>): string[] {
  const refused = /^error: ([\w@.+-]+): (?:missing required signature|signature from .* is .*)$/;
  const file =
    /^:: File \S*\/([^/\s]+)-[^-/\s]+-[^-/\s]+-[^-/\s]+\.pkg\.tar\S* is corrupted \(invalid or corrupted package \(PGP signature\)\)\.$/;
  const names = stdout.split('\n').flatMap((line) => refused.exec(line)?.[1] ?? file.exec(line)?.[1] ?? []);
  return [...new Set(names)];
}

const NEW_BESIDE = /^warning: (\/.+) installed as (\/.+\.pacnew)$/;

/** Configuration files that pacman left as an administrator made them, by the packages that it was at. */
export function readKeptFiles(
  result: Pick<CommandResult, 'stdout'>,
  root: string,
): ReadonlyMap<string, readonly string[]> {
  const prefix = root === '/' ? '' : root;
  const kept = partsOf(result).map(({ name, kind, lines }): readonly [string, readonly string[]] => {
    const paths = lines.flatMap((line) => {
      const [, path, beside] = NEW_BESIDE.exec(line) ?? [];
      const isKept = path?.startsWith(`${prefix}/`) && beside === `${path}.pacnew`;
      return path !== undefined && isKept ? [path.slice(prefix.length)] : [];
    });
    return [name, kind === 'package' ? paths : []];
  });
  return new Map(kept.filter(([, paths]) => paths.length > 0));
}

/** What a finished run did beside versions. Of files only those count whose new one is there and which the package has. */
export async function readParticulars(
  doors: PackageDoors,
  config: PacmanConfig,
  result: CommandResult,
): Promise<Particulars[]> {
  const kept = readKeptFiles(result, doors.root);
  const again = partsOf(result).flatMap((one) => (one.verb === 'reinstalling' ? [one.name] : []));
  const installed = kept.size === 0 ? [] : await readInstalled(doors, config);
  const names = [...new Set([...again, ...kept.keys()])];
  return Promise.all(
    names.map(async (name) => {
      const own = installed.find((one) => one.name === name);
      const configuration = own ? (await readFiles(doors, config, own)).configuration : [];
      const there: string[] = [];
      for (const path of kept.get(name) ?? []) {
        const isTheirs = configuration.includes(path);
        if (isTheirs && (await doors.files.facts(belowRoot(doors, `${path}.pacnew`)))) there.push(path);
      }
      return { name, reinstalled: again.includes(name), keptFiles: there };
    }),
  );
}

/** Lines that pacman itself says: before it begins, and the last of a run, after which no script has the word. */
export function ownLines({ stdout }: Pick<CommandResult, 'stdout'>): string[] {
  const lines = stdout.split('\n').filter(Boolean);
  const begin = lines.findIndex((line) => BEGINS.test(line) || HOOKS.test(line));
  if (begin < 0) return lines;
  const end = lines.findLastIndex((line) => !line.startsWith('error: failed to commit transaction'));
  return [...lines.slice(0, begin), ...lines.slice(end + 1)];
}
