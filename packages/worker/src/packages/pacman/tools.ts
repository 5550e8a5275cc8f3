import { join } from 'node:path';
import { WAIT_FOR_CHILD } from '@linux-patch/runtime';
import type { Tool } from '../adapter.ts';
import type { PackageDoors } from '../doors.ts';
import { PACMAN, PACMAN_ENVIRONMENT } from './ask.ts';
import { changeArguments, type PacmanChange } from './change.ts';
import type { PacmanConfig } from './config.ts';
import { databasesIn, newestFolder, syncFolders } from './databases.ts';
import { rootArguments } from './private-root.ts';

/** The file that is there while pacman works, and that it has open. */
export function lockPath({ databaseFolder }: Pick<PacmanConfig, 'databaseFolder'>): string {
  return join(databaseFolder, 'db.lck');
}

/**
 * Runs pacman so that it can be stopped: SIGTERM would leave its lock, SIGINT lets it finish the package at which it is.
 * Both of its outputs go to one, because only their order tells whose script failed. What is newer than pacman's own
 * databases is put in their place right before. Everything is a positional parameter: the lock, the folder of the databases,
 * files for it, `--`, a first command with its parts on lines of their own or nothing, and the command.
 */
const SCRIPT = [
  'umask 022',
  'lock=$1 sync=$2; shift 2',
  'while [ "$1" != -- ]; do',
  // Whoever works now finds no other databases, and our pacman says that it is locked.
  '  if [ ! -e "$lock" ]; then',
  '    name=${1##*/}',
  '    mkdir -p "$sync" && cp -p -- "$1" "$sync/.$name.new" || exit 1',
  '    if [ -e "$1.sig" ]; then cp -p -- "$1.sig" "$sync/$name.sig" || exit 1; else rm -f -- "$sync/$name.sig"; fi',
  '    mv -f -- "$sync/.$name.new" "$sync/$name" || exit 1',
  '  fi',
  '  shift',
  'done',
  'first=$2; shift 2',
  'child= stopped=',
  'trap \'stopped=1 woken=1; [ -z "$child" ] || kill -INT "$child"\' TERM',
  'run() {',
  '  env --block-signal=TERM "$@" 2>&1 </dev/null &',
  '  child=$!',
  WAIT_FOR_CHILD,
  '  child=',
  '}',
  'if [ -n "$first" ]; then',
  "  IFS='\n'; set -f",
  '  run $first',
  '  [ "$code" = 0 ] && [ -z "$stopped" ] || exit "$code"',
  'fi',
  'run "$@"',
  'exit "$code"',
].join('\n');

/** Databases that are newer than pacman's own. */
async function newerDatabases(doors: PackageDoors, config: PacmanConfig): Promise<string[]> {
  const folder = await newestFolder(doors, config);
  if (folder === syncFolders(doors, config).pacmans) return [];
  return [...(await databasesIn(doors, folder, config)).values()].map(({ path }) => path);
}

function command(
  { root }: PackageDoors,
  { databaseFolder }: PacmanConfig,
  args: readonly string[],
): string[] {
  return [PACMAN, ...rootArguments(root), '--dbpath', databaseFolder, ...args];
}

/** What to start for a change. */
export async function changeTool(
  doors: PackageDoors,
  config: PacmanConfig,
  change: PacmanChange,
): Promise<Tool> {
  const files = change.databases === 'newest' ? await newerDatabases(doors, config) : [];
  const first = change.first ? command(doors, config, changeArguments({ ...change, ...change.first })) : [];
  return pacmanTool(config, {
    what: change.what,
    before: [...files, '--', first.join('\n')],
    run: command(doors, config, changeArguments(change)),
  });
}

function pacmanTool(
  config: PacmanConfig,
  given: { readonly what: string; readonly before: readonly string[]; readonly run: readonly string[] },
): Tool {
  return {
    what: given.what,
    program: '/bin/sh',
    args: [
      '-c',
      SCRIPT,
      'pacman-work',
      lockPath(config),
      join(config.databaseFolder, 'sync'),
      ...given.before,
      ...given.run,
    ],
    env: PACMAN_ENVIRONMENT,
  };
}

/**
 * Ends what was cut off: takes the lock away that nobody has, and puts in again what was being changed, so that its scripts
 * and hooks run. Files that the packages had begun to write are theirs.
 */
export function finishTool(
  doors: PackageDoors,
  config: PacmanConfig,
  { names, halfWritten }: { readonly names: readonly string[]; readonly halfWritten: readonly string[] },
): Tool {
  const lock = lockPath(config);
  if (names.length === 0)
    return { what: `rm ${lock}`, program: '/bin/rm', args: ['-f', '--', lock], env: {} };
  const args = ['-S', '--noconfirm', '--ask', '64', '--overwrite', '*', '--', ...names];
  return pacmanTool(config, {
    what: 'pacman -S',
    before: ['--', ['/bin/rm', '-rf', '--', lock, ...halfWritten].join('\n')],
    run: command(doors, config, args),
  });
}
