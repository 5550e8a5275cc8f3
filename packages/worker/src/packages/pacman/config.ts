import { join } from 'node:path';
import { PatchError } from '@linux-patch/contract';
import type { PackageDoors } from '../doors.ts';
import { query } from '../query.ts';
import { configPath } from './private-root.ts';

/** A repository as the configuration has it. */
export interface Repository {
  readonly name: string;
  readonly servers: readonly string[];
  /** Its section, as pacman-conf prints it. */
  readonly text: string;
}

/** The configuration, files that it includes among it (pacman.conf(5)). */
export interface PacmanConfig {
  readonly databaseFolder: string;
  readonly cacheFolders: readonly string[];
  readonly logFile: string;
  /** Patterns of names that stay at their versions, and of groups whose packages do. */
  readonly ignored: readonly string[];
  readonly ignoredGroups: readonly string[];
  readonly repositories: readonly Repository[];
  /** Its general section, as pacman-conf prints it. */
  readonly options: string;
}

const NAME = /^[\w.@+-]{1,100}$/;

/**
 * Reads what pacman-conf of pacman 6 and 7 prints.
 * @throws PatchError `PKG_MANAGER_ERROR` for a repository whose name could be read as something else
 */
export function parseConfig(text: string, root: string): PacmanConfig {
  const [options = '', ...rest] = text.split(/^(?=\[)/m);
  const values = (key: string): string[] =>
    [...options.matchAll(new RegExp(`^${key} = (.*)$`, 'gm'))].map(([, value = '']) => value);
  const at = (key: string, inRoot: string): string =>
    root === '/' ? (values(key)[0] ?? join('/', inRoot)) : join(root, inRoot);
  return {
    databaseFolder: at('DBPath', 'var/lib/pacman/'),
    cacheFolders: root === '/' ? values('CacheDir') : [join(root, 'var/cache/pacman/pkg/')],
    logFile: at('LogFile', 'var/log/pacman.log'),
    ignored: values('IgnorePkg'),
    ignoredGroups: values('IgnoreGroup'),
    repositories: rest.map(parseRepository),
    options,
  };
}

function parseRepository(text: string): Repository {
  const name = /^\[(.*)\]$/m.exec(text)?.[1] ?? '';
  if (!NAME.test(name) || name.startsWith('.') || name.startsWith('-'))
    throw new PatchError(
      'PKG_MANAGER_ERROR',
      `The name of a repository in pacman.conf is not understood: "${name.slice(0, 100)}". Letters, digits and . _ @ + - are.`,
    );
  return { name, servers: [...text.matchAll(/^Server = (.*)$/gm)].map(([, url = '']) => url), text };
}

/** @throws PatchError `PKG_MANAGER_ERROR` with pacman's words on a configuration that it does not take */
export async function readConfig(doors: PackageDoors): Promise<PacmanConfig> {
  const args = ['--config', configPath(doors.root)];
  const { exitCode, stdout, stderr } = await query(doors, { program: '/usr/bin/pacman-conf', args });
  if (exitCode === 0) return parseConfig(stdout, doors.root);
  throw new PatchError('PKG_MANAGER_ERROR', `pacman-conf failed (exit ${exitCode}): ${stderr.trim()}`);
}
