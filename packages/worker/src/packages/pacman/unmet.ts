import { PatchError } from '@linux-patch/contract';
import type { PackageDoors } from '../doors.ts';
import { PACMAN, PACMAN_ENVIRONMENT } from './ask.ts';
import type { PacmanConfig } from './config.ts';
import { rootArguments } from './private-root.ts';

const LIMIT_MS = 180_000;
const REASONS = 3;
/** What a package that was cut off lacks; that is told by the list of what is installed. */
const CUT_OFF = /^error: '.*': (?:description file|file list) is missing$/;
const LACKS = /^(?:error: )?missing '(.+)' dependency for '(.+)'$/;

/** Reads `pacman -Dk` of pacman 6 and 7; undefined when everything is met. */
export function parseUnmet(text: string): string | undefined {
  const found = text.split('\n').flatMap((line) => {
    const [, what, owner] = LACKS.exec(line) ?? [];
    return what === undefined ? [] : [`${owner} needs ${what}`];
  });
  if (found.length === 0) return undefined;
  const more = found.length > REASONS ? ` and ${found.length - REASONS} more` : '';
  return `${found.slice(0, REASONS).join(', ')}${more}`;
}

/** Which dependencies of installed packages are not met; undefined when all are. pacman changes others all the same. */
export async function readUnmet(
  doors: PackageDoors,
  config: PacmanConfig,
  signal: AbortSignal,
): Promise<string | undefined> {
  const args = [...rootArguments(doors.root), '--dbpath', config.databaseFolder, '-Dk'];
  const env = PACMAN_ENVIRONMENT;
  const result = await doors.commands.run({ program: PACMAN, args, env, timeoutMs: LIMIT_MS, signal });
  signal.throwIfAborted();
  const unmet = parseUnmet(`${result.stdout}\n${result.stderr}`);
  if (unmet !== undefined || result.exitCode === 0) return unmet;
  const errors = result.stderr.split('\n').filter((line) => line.startsWith('error: '));
  if (errors.length > 0 && errors.every((line) => CUT_OFF.test(line))) return undefined;
  throw new PatchError(
    'PKG_MANAGER_ERROR',
    `pacman -Dk failed (exit ${result.exitCode}): ${result.stderr.trim() || result.stdout.trim()}`,
  );
}
