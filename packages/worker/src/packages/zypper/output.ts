import type { CommandResult } from '@linux-patch/runtime';
import type { Particulars, Progress } from '../adapter.ts';
import { belowRoot, type PackageDoors } from '../doors.ts';
import { nameOfNevra } from '../rpm/names.ts';
import { elementsOf, parseXml, type XmlElement } from './xml.ts';

/** Downloading is taken for the first part of the work, the transaction for the rest. */
const DOWNLOAD_SHARE = 0.3;

const STEP =
  /^<progress id="(?:install|remove)-resolvable" name="\((\d+)\/(\d+)\) (Installing|Removing):? ([^" ]+)"(?: value="(\d+)"| done="([01])")?\/>$/;
const DOWNLOAD = /^<message type="info">Retrieving(?: package|:) (\S+) .*\((\d+)\/(\d+)\)/;
const REFRESH =
  /^<progress id="raw-refresh" name="Retrieving repository &apos;(.+)&apos; metadata" value="\d+"\/>$/;

/** Progress of a run of zypper 1.14.42 to 1.14.89. Words of scripts have their `<` encoded, so that no line of theirs fits. */
export function parseProgress(line: string): Progress | undefined {
  const [, file, got, files] = DOWNLOAD.exec(line) ?? [];
  if (file !== undefined)
    return { percent: share(Number(got), files, 100 * DOWNLOAD_SHARE), message: `Downloading ${file}` };
  const [, repository] = REFRESH.exec(line) ?? [];
  if (repository !== undefined) return { percent: 0, message: `Asking ${repository}` };
  const [, at, all, verb = '', nevra, , done] = STEP.exec(line) ?? [];
  if (nevra === undefined) return undefined;
  const finished = Number(at) - (done === '1' ? 0 : 1);
  const percent = 100 * DOWNLOAD_SHARE + share(finished, all, 100 * (1 - DOWNLOAD_SHARE));
  return { percent: Math.round(percent), message: `${verb} ${nevra}` };
}

function share(done: number, all: string | undefined, of: number): number {
  const whole = Number(all);
  return whole > 0 ? Math.round(of * Math.min(1, done / whole)) : 0;
}

/** What rpm and the scripts of one package said. */
interface Said {
  readonly name: string;
  readonly nevra: string;
  readonly lines: readonly string[];
}

const IN_WORK = /^\(\d+\/\d+\) (?:Installing|Removing):? (\S+)$/;
/** zypper's own words while a package is in work, and those of Debian's rpm, which are nobody's script. */
const OWN =
  /^(?:Additional rpm output:|Retrieving(?: package|:) |rpm: |Since the last system boot|Reboot is suggested|Problem occurred|Installation (?:of \S+ failed|has been aborted)|Please see)/;
/** What stands before the first line of rpm, when it failed. */
const RPM_FAILED = /^Error: Subprocess failed\. Error: RPM failed: /;

/** Which package was in work when each line came: the newer zypper passes lines on at once, the older after it is done. */
function readSaid({ stdout }: Pick<CommandResult, 'stdout'>): Said[] {
  const found: Said[] = [];
  let nevra: string | undefined;
  for (const element of inOrder(parseXml(stdout))) {
    if (element.name === 'progress') nevra = IN_WORK.exec(element.attributes.get('name') ?? '')?.[1] ?? nevra;
    const name = nameOfNevra(nevra ?? '');
    if (element.name !== 'message' || nevra === undefined || name === undefined) continue;
    const lines = element.text
      .split('\n')
      .map((line) => line.trim().replace(RPM_FAILED, ''))
      .filter((line) => line !== '' && !OWN.test(line));
    found.push({ name, nevra, lines });
  }
  return found;
}

function inOrder(element: XmlElement): XmlElement[] {
  return element.children.flatMap((one) => [one, ...inOrder(one)]);
}

/** `warning: %post(toybad-1.1-1.noarch) scriptlet failed, exit status 3`, and of scripts in Lua `lua script failed`. */
const SCRIPT_ERROR =
  /^(?:(?:error|warning): %\w+\((\S+)\) scriptlet failed|error: lua script failed: \[string "%\w+\(([^"\s]+)\)"\])/;

function isScriptError({ nevra }: Said, line: string): boolean {
  const [, shell, lua] = SCRIPT_ERROR.exec(line) ?? [];
  const named = shell ?? lua;
  // A script may print the name of another package.
  return named !== undefined && withoutEpoch(named) === withoutEpoch(nevra);
}

function withoutEpoch(nevra: string): string {
  return nevra.replace(/-\d+:/, '-');
}

/** Packages whose scripts failed, by name; zypper may end well all the same. */
export function readFailedScripts(result: Pick<CommandResult, 'stdout'>): string[] {
  const failed = readSaid(result).filter((one) => one.lines.some((line) => isScriptError(one, line)));
  return [...new Set(failed.map((one) => one.name))];
}

/** How zypper ends when a script failed. */
const SCRIPT_FAILED_EXIT = 107;

/** A script that failed, and no line that says whose. */
export function readFailedHooks(result: Pick<CommandResult, 'stdout' | 'exitCode'>): string | undefined {
  if (result.exitCode !== SCRIPT_FAILED_EXIT || readFailedScripts(result).length > 0) return undefined;
  return 'zypper ended with 107: the script of a package failed, and no line says whose. /var/log/zypp/history on the host has the output of each.';
}

const LINES = 5;
const LINE_CHARACTERS = 200;

/** The last lines of a package's script; empty when no script of it failed. */
export function scriptWords(result: Pick<CommandResult, 'stdout'>, name: string): string[] {
  const own = readSaid(result).filter((one) => one.name === name);
  if (!own.some((one) => one.lines.some((line) => isScriptError(one, line)))) return [];
  return own
    .flatMap((one) => one.lines)
    .map((line) => line.slice(0, LINE_CHARACTERS))
    .slice(-LINES);
}

/** `toynew-1.0-1.noarch (Lab): Signature verification failed [6-File is unsigned]`, as the names that plans go by. */
export function readUntrusted({ stdout }: Pick<CommandResult, 'stdout'>): string[] {
  return elementsOf(parseXml(stdout), 'message')
    .filter((one) => one.attributes.get('type') === 'error')
    .flatMap(({ text }) => {
      const [, nevra = ''] = /^(\S+) \(.*\): Signature verification failed/.exec(text.trim()) ?? [];
      return nameOfNevra(nevra) ?? [];
    });
}

const NEW_BESIDE = /^warning: (\/.+) created as (\/.+\.rpmnew)$/;
const OLD_BESIDE = /^warning: (\/.+) saved as (\/.+\.rpmsave)$/;

/** A file with an administrator's changes, and the one that rpm put beside it or moved it to. */
interface KeptFile {
  readonly name: string;
  /** Where the changes are. */
  readonly path: string;
  /** What has to be there for it to be true. */
  readonly beside: string;
}

/** Configuration files that rpm kept as an administrator made them: in their places, or as `.rpmsave`. */
export function readKeptFiles(result: Pick<CommandResult, 'stdout'>): KeptFile[] {
  return readSaid(result).flatMap(({ name, lines }) =>
    lines.flatMap((line) => {
      const [, path, fresh] = NEW_BESIDE.exec(line) ?? [];
      if (path !== undefined && fresh === `${path}.rpmnew`) return [{ name, path, beside: fresh }];
      const [, place, saved] = OLD_BESIDE.exec(line) ?? [];
      const isSaved = place !== undefined && saved === `${place}.rpmsave`;
      return isSaved ? [{ name, path: saved, beside: saved }] : [];
    }),
  );
}

/** What a finished run did beside versions. Of files only those count that are there. */
export async function readParticulars(doors: PackageDoors, result: CommandResult): Promise<Particulars[]> {
  const byName = new Map<string, string[]>();
  for (const { name, path, beside } of readKeptFiles(result)) {
    if (!(await doors.files.facts(belowRoot(doors, beside)))) continue;
    byName.set(name, [...(byName.get(name) ?? []), path]);
  }
  const again = elementsOf(parseXml(result.stdout), 'to-reinstall')
    .flatMap((one) => elementsOf(one, 'solvable'))
    .flatMap((one) => one.attributes.get('name') ?? []);
  return [...new Set([...again, ...byName.keys()])].map((name) => ({
    name,
    reinstalled: again.includes(name),
    keptFiles: byName.get(name) ?? [],
  }));
}
