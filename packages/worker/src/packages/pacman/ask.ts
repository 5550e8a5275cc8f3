import { PatchError } from '@linux-patch/contract';
import type { CommandResult } from '@linux-patch/runtime';
import type { PackageDoors } from '../doors.ts';
import type { PacmanConfig } from './config.ts';
import { newestFolder, openView, syncFolders } from './databases.ts';
import { rootArguments } from './private-root.ts';

export const PACMAN = '/usr/bin/pacman';

/** Lists are then one line each, whatever their length, and tables are not drawn. */
export const PACMAN_ENVIRONMENT = { COLUMNS: '0' };

const LIMIT_MS = 120_000;
const MOST_BYTES = 64 * 1024 * 1024;

/** A question to pacman. */
export interface PacmanQuestion {
  readonly args: readonly string[];
  /** Of the newest databases, or of those that belong to what is installed. */
  readonly databases: 'newest' | 'installed';
  readonly signal?: AbortSignal;
}

/** Folder of the databases that a question is about. */
function folderOf(
  doors: PackageDoors,
  config: PacmanConfig,
  databases: PacmanQuestion['databases'],
): Promise<string> {
  return databases === 'newest'
    ? newestFolder(doors, config)
    : Promise.resolve(syncFolders(doors, config).pacmans);
}

/**
 * Asks pacman without its lock, however it ends. Nobody answers its questions, which it takes for "no": a change is
 * planned to its last question, and never made.
 */
export async function askPacman(
  doors: PackageDoors,
  config: PacmanConfig,
  { args, databases, signal }: PacmanQuestion,
): Promise<CommandResult> {
  await using view = await openView(doors, config, await folderOf(doors, config, databases));
  const result = await doors.commands.run({
    program: PACMAN,
    args: [...rootArguments(doors.root), '--dbpath', view.folder, '--logfile', '/dev/null', ...args],
    env: PACMAN_ENVIRONMENT,
    timeoutMs: LIMIT_MS,
    maxOutputBytes: MOST_BYTES,
    ...(signal ? { signal } : {}),
  });
  signal?.throwIfAborted();
  return result;
}

/** What pacman says went wrong with a question, as a failure. */
export function questionFailed(what: string, { exitCode, stderr, stdout }: CommandResult): PatchError {
  const words = (stderr.trim() || stdout.trim()).slice(0, 2_000);
  return new PatchError('PKG_MANAGER_ERROR', `pacman ${what} failed (exit ${exitCode}): ${words}`);
}
