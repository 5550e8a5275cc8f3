import type { CommandResult } from '@linux-patch/runtime';
import type { RefreshReport, Tool } from '../../adapter.ts';
import { rpmEnvironment } from '../../rpm/database.ts';
import { DNF5 } from '../program.ts';
import { repositoryFailure } from '../refresh.ts';
import { isNoise } from './failure.ts';
import { baseArguments } from './program.ts';

/**
 * Refreshes every enabled repository alone, whatever becomes of the others: dnf 5 leaves one out without a word that it may
 * skip, and gives up at the first that it may not. All is a positional parameter: dnf 5 with its first arguments.
 */
const SCRIPT = [
  'set -f',
  'list=$("$@" -q repo list --enabled) || exit',
  'ids=$(printf "%s\\n" "$list" | sed -n "2,\\$s/ .*//p")',
  'all=$(printf "%s" "$ids" | grep -c "")',
  'done=0',
  'for id in $ids; do',
  '  echo "$done/$all $id" 2>/dev/null >&3 || :',
  '  said=$("$@" "--repo=$id" --refresh "--setopt=skip_if_unavailable=0" "--setopt=*.skip_if_unavailable=0" makecache 2>&1 </dev/null)',
  '  code=$?',
  '  printf "%s\\n" "$said" | sed "s/^/| /"',
  '  echo "$id exit $code"',
  '  done=$((done + 1))',
  'done',
  'echo "$done repositories asked"',
].join('\n');

const SAID = '| ';
const ENDED = /^(\S+) exit (\d+)$/;
const ALL = /^\d+ repositories asked$/;
const FAILED = /^Failed to download metadata \(\w+: "(.*)"\) for repository "[^"]*": (.*)$/;
const KEY = /^ *Fingerprint *: ([0-9A-Fa-f]{8,64})$/;

export function refreshDnf5(root: string): Tool {
  return {
    what: 'dnf5 makecache --refresh',
    program: '/bin/sh',
    args: ['-c', SCRIPT, 'package-work', DNF5, ...baseArguments(root)],
    env: rpmEnvironment(root),
  };
}

/** Reads what the script printed. Without its last line, repositories are missing that nobody would miss. */
export function readDnf5Refresh({ stdout }: Pick<CommandResult, 'stdout'>): RefreshReport {
  const report = {
    failed: [] as RefreshReport['failed'][number][],
    healthy: [] as string[],
    unknown: [] as string[],
  };
  let said: string[] = [];
  let ended = false;
  for (const line of stdout.split('\n').filter((one) => one !== '')) {
    const [, id, code] = ENDED.exec(line) ?? [];
    if (line.startsWith(SAID)) said.push(line.slice(SAID.length));
    else if (id !== undefined) {
      if (code === '0') report.healthy.push(id);
      else report.failed.push(failureOf(id, said));
      said = [];
    } else if (ALL.test(line)) ended = true;
    else report.unknown.push(line);
  }
  if (!ended) report.unknown.push('dnf5 ended before it had asked every repository');
  return report;
}

/** The word on what went wrong comes first; "Usable URL not found" at the end says nothing. */
function failureOf(id: string, said: readonly string[]) {
  const [, url, last] = said.map((line) => FAILED.exec(line)).find((one) => one !== null) ?? [];
  const marked = said.find((line) => line.startsWith('>>> '))?.slice('>>> '.length);
  const words = said.filter((line) => line.trim() !== '' && !isNoise(line)).map((line) => line.trim());
  const reason = marked ?? last ?? (words.join(' ') || 'dnf5 gives no reason');
  const key = said.map((line) => KEY.exec(line)?.[1]).find((one) => one !== undefined);
  return repositoryFailure(id, url ?? 'no address', key === undefined ? reason : `${reason} [key ${key}]`);
}
