import type { ErrorCode } from '@linux-patch/contract';
import type { CommandResult } from '@linux-patch/runtime';
import type { SourceFailure } from '../../package-interface/package-operations.ts';
import type { RefreshReport } from '../adapter.ts';
import { withoutPassword } from '../source-address.ts';

/** A source as apt names it in its progress: `Get:2 http://deb.example/debian bookworm InRelease [1 kB]`. */
const SEEN = /^(?:Hit|Get|Ign|Err):\d+ (\S+:.*?) (\S+) (?:InRelease|Release|Release\.gpg)(?: \[[^\]]*\])?$/;
const FAILED_STEP = /^Err:\d+ (\S+:.*?) (\S+) (?:InRelease|Release|Release\.gpg)(?: \[[^\]]*\])?$/;

/** The forms in which `apt-get update` says that one source failed. */
const FETCH = /^E: Failed to fetch (\S+) *(.*)$/;
const RELEASE = /^E: The repository '(.+) (\S+) (?:InRelease|Release)' (.+)$/;
const CHANGED = /^E: Repository '(.+) (\S+) (?:InRelease|Release)' (changed its .+)$/;
const DATED = /^E: Release file for (\S+) is (expired|not valid yet)(.*)$/;
const METHOD = /^E: The method driver \S+ could not be found\.?$/;
const HOOK = /^E: (Problem executing scripts APT::Update::\S+ .*)$/;
const HOOK_SOURCE = 'A hook of apt.conf';
/** Adds nothing to the lines before it. */
const REST = /^E: (Some index files failed to download|Sub-process returned an error code)/;

/** What failures of a source mean and what to do; the first that fits counts. */
const MEANINGS: readonly (readonly [pattern: RegExp, code: ErrorCode, advice: string])[] = [
  [
    /Clearsigned file isn't valid|NOSPLIT|NODATA/,
    'NETWORK_ERROR',
    'Something between this host and the repository answered with a page of its own, such as a login page or a proxy.',
  ],
  [/^\s*407\b/, 'NETWORK_ERROR', 'The proxy asks for a user and a password (Acquire::http::Proxy).'],
  [
    /^\s*(401|403)\b/,
    'NETWORK_ERROR',
    'The server refuses this host: a licence, a password or an address list.',
  ],
  [/^\s*429\b|^\s*5\d\d\b/, 'NETWORK_ERROR', 'The server is overloaded or broken; another try may help.'],
  [/apt-cdrom/, 'CACHE_REFRESH_ERROR', 'Remove the cdrom: line from the sources of apt.'],
  [
    /changed its '/,
    'CACHE_REFRESH_ERROR',
    'Whether that is right is for a person to say: look at it, then run apt-get update --allow-releaseinfo-change on the host.',
  ],
  [
    /is (expired|not valid yet)/,
    'CACHE_REFRESH_ERROR',
    "Its mirror is not updated any more, or this host's clock is wrong.",
  ],
  [
    /NO_PUBKEY|BADSIG|EXPKEYSIG|REVKEYSIG|signatures? couldn't be verified|signatures? w(as|ere) invalid|not signed|no longer signed|GPG error|OpenPGP|\/(gpgv|sqv) returned an error|verify(ing)? signature/i,
    'GPG_ERROR',
    'Check the key and whether the repository is yours.',
  ],
  [/method driver/, 'CACHE_REFRESH_ERROR', 'The package with this method of apt is not installed.'],
  [
    /Problem executing scripts/,
    'CACHE_REFRESH_ERROR',
    'The lists themselves are fresh; mend that hook in apt.conf.',
  ],
  [
    /Hash Sum mismatch|has unexpected size/i,
    'NETWORK_ERROR',
    'The mirror is being updated; another try may help.',
  ],
  [/no space left/i, 'DISK_FULL', 'Make room on the disk.'],
];

interface Reasons {
  /** The source that an address lies in. */
  readonly sourceOf: (url: string) => string;
  readonly note: (source: string, reason: string) => void;
}

/** Reads what apt 2.6 and 3.0 print for `update` with `APT::Update::Error-Mode=any`. */
export function parseUpdate({ stdout, stderr }: Pick<CommandResult, 'stdout' | 'stderr'>): RefreshReport {
  const seen = new Map<string, { readonly uri: string; readonly suite: string }>();
  const reasons = new Map<string, string>();
  const note = (source: string, reason: string): void => {
    // The first reason is the cause; what follows ("is not signed") is what apt makes of it.
    if (!reasons.get(source)) reasons.set(source, reason.trim());
  };
  readSteps(stdout.split('\n'), seen, note);
  const sourceOf = (url: string): string => {
    for (const [name, { uri, suite }] of seen) {
      if (url.startsWith(`${uri.replace(/\/$/, '')}/dists/${suite.replace(/\/$/, '')}/`)) return name;
      if (suite.endsWith('/') && url.startsWith(`${uri.replace(/\/$/, '')}/`)) return name;
    }
    const [, uri, suite] = /^(.*?)\/dists\/(.+?)\/(?:InRelease|Release.*|[^/]+\/.*)$/.exec(url) ?? [];
    return uri === undefined || suite === undefined ? url : `${uri} ${suite}`;
  };
  const unknown = readErrors(stderr.split('\n'), { sourceOf, note });
  return {
    failed: [...reasons].map(([source, reason]) => failureOf(source, reason)),
    healthy: [...seen.keys()].filter((name) => !reasons.has(name)).map(withoutPassword),
    unknown,
  };
}

function readSteps(
  lines: readonly string[],
  seen: Map<string, { readonly uri: string; readonly suite: string }>,
  note: Reasons['note'],
): void {
  for (const [index, line] of lines.entries()) {
    const [, uri, suite] = SEEN.exec(line) ?? [];
    if (uri === undefined || suite === undefined) continue;
    seen.set(`${uri} ${suite}`, { uri, suite });
    const reason = lines[index + 1] ?? '';
    if (FAILED_STEP.test(line) && /^ {2}\S/.test(reason)) note(`${uri} ${suite}`, reason);
  }
}

/** Notes the sources that errors name; returns the errors that name none. */
function readErrors(lines: readonly string[], { sourceOf, note }: Reasons): string[] {
  const unknown: string[] = [];
  let method = '';
  for (const line of lines.filter((one) => one.startsWith('E: '))) {
    const [, url, why = ''] = FETCH.exec(line) ?? [];
    const [, uri, suite, what] = RELEASE.exec(line) ?? CHANGED.exec(line) ?? [];
    const [, dated, when, more] = DATED.exec(line) ?? [];
    const [, hook] = HOOK.exec(line) ?? [];
    if (url !== undefined) note(sourceOf(url), why === '' ? method : why);
    else if (uri !== undefined && what !== undefined) note(`${uri} ${suite}`, what);
    else if (dated !== undefined) note(sourceOf(dated), `The Release file is ${when}${more}`);
    else if (hook !== undefined) note(HOOK_SOURCE, hook);
    else if (METHOD.test(line)) method = line.slice('E: '.length);
    else if (!REST.test(line)) unknown.push(line);
  }
  return unknown;
}

function failureOf(source: string, reason: string): SourceFailure {
  const [, code = 'NETWORK_ERROR', advice = ''] = MEANINGS.find(([pattern]) => pattern.test(reason)) ?? [];
  const words = withoutPassword(
    reason
      .replace(/ ?\[IP: [^\]]*\]/, '')
      .replace(/\.$/, '')
      .replaceAll(/\s+/g, ' '),
  );
  return {
    id: source === HOOK_SOURCE ? undefined : withoutPassword(source),
    source: withoutPassword(source),
    reason: `${words || 'it could not be fetched'}.${advice && ` ${advice}`}`,
    code,
    security: isSecuritySuite(source.split(' ').at(-1) ?? ''),
  };
}

/** `bookworm-security` and the like, and `stretch/updates` of before. */
function isSecuritySuite(suite: string): boolean {
  return /(^|[-/])security$|\/updates$/.test(suite);
}
