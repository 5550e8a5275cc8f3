import { join } from 'node:path';
import type { ErrorCode } from '@linux-patch/contract';
import type { CommandResult } from '@linux-patch/runtime';
import type { SourceFailure } from '../../package-interface/package-operations.ts';
import type { RefreshReport, Tool } from '../adapter.ts';
import type { PackageDoors } from '../doors.ts';
import { withoutPassword } from '../source-address.ts';
import { PACMAN, PACMAN_ENVIRONMENT } from './ask.ts';
import type { PacmanConfig, Repository } from './config.ts';
import { makeOwnFolder, ownFolder, syncFolders } from './databases.ts';
import { rootArguments } from './private-root.ts';

const CONFIG_MODE = 0o600;

/**
 * Downloads the database of one repository after the other to a place of their own, and lets each in whose signature is as
 * the configuration wants it: one that fails keeps no other from being fresh, and stays as it was. Positional parameters:
 * our folder, pacman's folder of databases, names of repositories, `--`, pacman and its arguments.
 */
const SCRIPT = [
  'umask 022',
  'ours=$1 theirs=$2; shift 2',
  'names= all=0 done=0',
  'while [ "$1" != -- ]; do names="$names $1"; all=$((all+1)); shift; done',
  'shift',
  'set -f',
  'for name in $names; do',
  '  echo "$done/$all $name" >&3',
  '  next=$ours/next-$$',
  '  rm -rf -- "$next"; mkdir -p "$next/sync" || exit 1',
  '  for folder in "$ours/sync" "$theirs"; do',
  '    [ -e "$folder/$name.db" ] || continue',
  '    cp -p -- "$folder/$name.db" "$next/sync/" || exit 1',
  '    [ ! -e "$folder/$name.db.sig" ] || cp -p -- "$folder/$name.db.sig" "$next/sync/" || exit 1',
  '    break',
  '  done',
  '  echo "repository $name"',
  '  if "$@" --config "$ours/$name.conf" --dbpath "$next" -Sy 2>&1 </dev/null && [ -e "$next/sync/$name.db" ]; then',
  '    rm -f -- "$ours/sync/$name.db.sig"',
  '    mv -f -- "$next/sync/$name.db" "$ours/sync/$name.db" || exit 1',
  '    [ ! -e "$next/sync/$name.db.sig" ] || mv -f -- "$next/sync/$name.db.sig" "$ours/sync/" || exit 1',
  '    echo "refreshed $name"',
  '  else echo "failed $name"; fi',
  '  rm -rf -- "$next"',
  '  done=$((done+1))',
  'done',
  'echo "$all repositories asked"',
].join('\n');

/** Writes what the tool needs: a configuration for each repository that has no other. */
export async function prepareRefresh(doors: PackageDoors, config: PacmanConfig): Promise<void> {
  const folder = await makeOwnFolder(doors);
  // How it looks is ours to say.
  const options = config.options.replaceAll(/^(?:Color|VerbosePkgLists|ILoveCandy|UseSyslog)$/gm, '');
  for (const { name, text } of config.repositories)
    await doors.files.writeDurably({
      path: join(folder, `${name}.conf`),
      data: `${options}\n${text}`,
      mode: CONFIG_MODE,
    });
}

export function refreshTool(doors: PackageDoors, config: PacmanConfig): Tool {
  const own = rootArguments(doors.root).filter(
    (one, index, all) => one !== '--config' && all[index - 1] !== '--config',
  );
  return {
    what: 'pacman -Sy',
    program: '/bin/sh',
    args: [
      '-c',
      SCRIPT,
      'pacman-refresh',
      ownFolder(doors),
      syncFolders(doors, config).pacmans,
      ...config.repositories.map(({ name }) => name),
      '--',
      PACMAN,
      ...own,
      '--logfile',
      '/dev/null',
      '--noconfirm',
      '--ask',
      '64',
    ],
    env: PACMAN_ENVIRONMENT,
  };
}

/** What failures of a repository mean and what to do; the first that fits counts. A missing signature is a missing file, too. */
const MEANINGS: readonly (readonly [pattern: RegExp, code: ErrorCode, advice: string])[] = [
  [/no space left|not enough free disk space/i, 'DISK_FULL', 'Make room on the disk.'],
  [
    /signature|pgp|keyring/i,
    'GPG_ERROR',
    'Check whether the repository is yours, and its key on the host ("pacman-key --list-keys").',
  ],
  [/\b(?:401|403)\b/, 'NETWORK_ERROR', 'The server refuses this host: a password or an address list.'],
  [
    /failed retrieving file|no servers configured|could not resolve|failed to connect|download library error/i,
    'NETWORK_ERROR',
    'Check the network, the proxy and the servers of the repository (pacman.conf, mirrorlist).',
  ],
];

/** Reads what the tool printed. Without its last line, repositories are missing that nobody would miss. */
export function readRefresh(
  { stdout }: Pick<CommandResult, 'stdout'>,
  repositories: readonly Repository[],
): RefreshReport {
  const [before = '', ...parts] = stdout.split(/^repository (?=\S+$)/m);
  const failed: SourceFailure[] = [];
  const healthy: string[] = [];
  for (const part of parts) {
    const [name = '', ...lines] = part.split('\n');
    if (lines.includes(`refreshed ${name}`)) healthy.push(name);
    else failed.push(failureOf(name, lines, repositories));
  }
  const ended = /^\d+ repositories asked$/m.test(stdout);
  return {
    failed,
    healthy,
    unknown: [
      ...before.split('\n').filter((line) => line !== '' && !line.endsWith(' repositories asked')),
      ...(ended ? [] : ['pacman ended before every repository was asked']),
    ],
  };
}

const WORDS_LIMIT = 4;

function failureOf(
  name: string,
  lines: readonly string[],
  repositories: readonly Repository[],
): SourceFailure {
  const words = lines
    .filter((line) => line.startsWith('error: ') && !/failed to synchronize/.test(line))
    .map((line) => line.slice('error: '.length))
    .slice(0, WORDS_LIMIT);
  const text = words.join('; ');
  const [, code, advice] = MEANINGS.find(([pattern]) => pattern.test(text)) ?? [
    undefined,
    'CACHE_REFRESH_ERROR' as const,
    'The words of pacman say what is wrong.',
  ];
  const server = repositories.find((one) => one.name === name)?.servers[0];
  return {
    id: name,
    source: server === undefined ? name : `${name} (${withoutPassword(server)})`,
    reason: `${text || 'pacman gives no reason'}. ${advice}`,
    code,
    security: false,
  };
}

/** `2/5 extra` of the tool. */
export function parseRefreshStep(
  line: string,
): { readonly percent: number; readonly message: string } | undefined {
  const [, done, all, name] = /^(\d+)\/(\d+) (\S+)$/.exec(line) ?? [];
  if (name === undefined || Number(all) === 0) return undefined;
  return {
    percent: Math.min(100, Math.round((100 * Number(done)) / Number(all))),
    message: `Asking ${name}`,
  };
}
