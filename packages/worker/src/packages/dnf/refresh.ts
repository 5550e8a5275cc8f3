import type { ErrorCode } from '@linux-patch/contract';
import type { CommandResult } from '@linux-patch/runtime';
import type { SourceFailure } from '../../package-interface/package-operations.ts';
import type { RefreshReport, Tool } from '../adapter.ts';
import { rpmEnvironment } from '../rpm/database.ts';
import { withoutPassword } from '../source-address.ts';
import { helperArguments } from './helper.ts';

/** A line of the helper for each repository, and one that says that none is missing. */
const LINE = /^([\w.:@-]+): (refreshed(?: with advisories)?|failed at (\S+|no address): (.*))$/;
const END = /^\d+ repositories asked$/;
const KEY = / \[key ([0-9A-Fa-f]{8,64})\]$/;

/** What failures of a repository mean and what to do; the first that fits counts. A missing signature is a missing file, too. */
const MEANINGS: readonly (readonly [pattern: RegExp, code: ErrorCode, advice: string])[] = [
  [/no space left/i, 'DISK_FULL', 'Make room on the disk.'],
  [
    /gpg|openpgp|signature|untrusted/i,
    'GPG_ERROR',
    'Check the key and whether the repository is yours; "dnf makecache --refresh" on the host asks whether to accept its key.',
  ],
  [
    /\b(?:401|403)\b/,
    'NETWORK_ERROR',
    'The server refuses this host: a subscription, a password or an address list.',
  ],
  [/\b407\b/, 'NETWORK_ERROR', 'The proxy asks for a user and a password (dnf.conf(5), proxy).'],
  [
    /curl error|status code|cannot (?:download|prepare)|all mirrors|usable url|resolve|connect|timed? ?out|404/i,
    'NETWORK_ERROR',
    'Check the network, the proxy and the address of the repository.',
  ],
];

/** The program that refreshes; it goes on where one repository fails, which dnf itself does only silently. */
export function refreshTool(root: string, python: string): Tool {
  return {
    what: 'dnf makecache --refresh',
    program: python,
    args: helperArguments({ root, op: 'refresh' }),
    env: rpmEnvironment(root),
  };
}

/** Reads what the helper printed. Without its last line, repositories are missing that nobody would miss. */
export function readRefresh({ stdout }: Pick<CommandResult, 'stdout'>): RefreshReport {
  const lines = stdout.split('\n').filter((line) => line !== '');
  const ended = lines.some((line) => END.test(line));
  const read = lines.filter((line) => !END.test(line)).map((line) => ({ line, parts: LINE.exec(line) }));
  const known = read.flatMap(({ parts }) => (parts ? [parts] : []));
  return {
    failed: known.flatMap(([, id = '', , url, why]) =>
      why === undefined ? [] : [repositoryFailure(id, url ?? '', why)],
    ),
    healthy: known.flatMap(([, id = '', , , why]) => (why === undefined ? [id] : [])),
    unknown: [
      ...read.flatMap(({ line, parts }) => (parts ? [] : [line])),
      ...(ended ? [] : ['dnf ended before it had asked every repository']),
    ],
  };
}

/** A repository that failed, and what to do. @param url `no address` where there is none */
export function repositoryFailure(id: string, url: string, text: string): SourceFailure {
  const [, key] = KEY.exec(text) ?? [];
  const reason = text.replace(KEY, '');
  const [, code, advice] = MEANINGS.find(([pattern]) => pattern.test(reason)) ?? [
    undefined,
    'CACHE_REFRESH_ERROR' as const,
    'The words of dnf say what is wrong.',
  ];
  const which = key === undefined ? '' : ` Its key has the fingerprint ${key}.`;
  const sentence = /[.!]$/.test(reason) ? reason : `${reason}.`;
  return {
    id,
    source: url === 'no' || url === 'no address' ? id : `${id} (${withoutPassword(url)})`,
    reason: `${sentence}${which} ${advice}`,
    code,
    security: false,
  };
}

/** `2/5 epel` of the helper. */
export function parseRefreshStep(
  line: string,
): { readonly percent: number; readonly message: string } | undefined {
  const [, done, all, id] = /^(\d+)\/(\d+) (\S+)$/.exec(line) ?? [];
  if (id === undefined || Number(all) === 0) return undefined;
  return { percent: Math.min(100, Math.round((100 * Number(done)) / Number(all))), message: `Asking ${id}` };
}
