import type { ErrorCode } from '@linux-patch/contract';
import type { CommandResult } from '@linux-patch/runtime';
import type { SourceFailure } from '../../package-interface/package-operations.ts';
import type { RefreshReport } from '../adapter.ts';
import { withoutPassword } from '../source-address.ts';
import { elementsOf, isWhole, parseXml, type XmlElement } from './xml.ts';

/** What failures of a repository mean and what to do; the first that fits counts. */
const MEANINGS: readonly (readonly [pattern: RegExp, code: ErrorCode, advice: string])[] = [
  [/no space left/i, 'DISK_FULL', 'Make room on the disk.'],
  [
    /signature|unknown key|untrusted|gpg|digest verification/i,
    'GPG_ERROR',
    'Check the key and whether the repository is yours; "zypper refresh" on the host asks whether to accept its key.',
  ],
  [
    /\b(?:401|403)\b|permission to access|login failed/i,
    'NETWORK_ERROR',
    'The server refuses this host: a subscription, a password or an address list.',
  ],
  [
    /\(curl\) error|connection failed|error trying to read|problem retrieving|not a directory|not found|timed? ?out|resolve/i,
    'NETWORK_ERROR',
    'Check the network, the proxy and the address of the repository.',
  ],
];

const UP_TO_DATE = /^Repository '(.+)' is up to date\.$/;
const RETRIEVED = /^Retrieving repository '(.+)' metadata$/;
const SKIPPED = /^Skipping repository '(.+)' because of the above error\.$/;
/** One of these is the last that it says. */
const ENDS: readonly string[] = [
  'All repositories have been refreshed.',
  'Some of the repositories have not been refreshed because of an error.',
  'Could not refresh the repositories because of errors.',
];
/** Hints for people at a terminal. */
const NOISE = /^(?:History:|Please (?:see|check) |Skipping repository|\[[^\]]*\]$)/;
const REASON_CHARACTERS = 600;
const FINGERPRINT = /<key-fingerprint>([0-9A-F]{16,64})<\/key-fingerprint>/i;
const ADDRESS = /^\[[^|\]]*\|([^\]]+)\]/m;

/** Reads what zypper says of each repository, by its name. Without its last words, some are missing that nobody would miss. */
export function readRefresh({ stdout }: Pick<CommandResult, 'stdout'>): RefreshReport {
  const failed: SourceFailure[] = [];
  const healthy: string[] = [];
  const unknown: string[] = [];
  let ended = false;
  let words: string[] = [];
  for (const element of inOrder(parseXml(stdout))) {
    const text = element.text.trim();
    if (element.name === 'progress') {
      const [, name] = RETRIEVED.exec(element.attributes.get('name') ?? '') ?? [];
      if (name !== undefined && element.attributes.get('done') === '1') healthy.push(name);
      continue;
    }
    const [, fine] = UP_TO_DATE.exec(text) ?? [];
    const [, bad] = SKIPPED.exec(text) ?? [];
    if (fine !== undefined) healthy.push(fine);
    else if (bad !== undefined) failed.push(failureOf(bad, words));
    else if (ENDS.includes(text)) ended = true;
    else if (element.name === 'prompt' || element.attributes.get('type') !== 'info') words.push(text);
    if (fine !== undefined || bad !== undefined) words = [];
  }
  if (words.length > 0) unknown.push(...words.map((one) => one.slice(0, REASON_CHARACTERS)));
  if (!ended || !isWhole(stdout)) unknown.push('zypper ended before it had asked every repository');
  const names = new Set(failed.map((one) => one.id));
  return { failed, healthy: [...new Set(healthy)].filter((name) => !names.has(name)), unknown };
}

/** Messages, what it would ask, and what it fetched, in order. */
function inOrder(answer: XmlElement): XmlElement[] {
  const stream = elementsOf(answer, 'stream')[0];
  const known = ['message', 'prompt', 'progress'];
  return (stream?.children ?? []).flatMap((one) => {
    if (one.name !== 'prompt') return known.includes(one.name) ? [one] : [];
    return [{ ...one, text: one.children.find((each) => each.name === 'text')?.text ?? '' }];
  });
}

function failureOf(name: string, words: readonly string[]): SourceFailure {
  const all = words.join('\n');
  const [, code, advice] = MEANINGS.find(([pattern]) => pattern.test(all)) ?? [
    undefined,
    'CACHE_REFRESH_ERROR' as const,
    'The words of zypper say what is wrong.',
  ];
  const [, url] = ADDRESS.exec(all) ?? [];
  const [, key] = FINGERPRINT.exec(all) ?? [];
  const which = key === undefined ? '' : ` Its key has the fingerprint ${key}.`;
  return {
    id: name,
    source: url === undefined ? name : `${name} (${withoutPassword(url)})`,
    reason: `${sentenceOf(words)}${which} ${advice}`,
    code,
    security: false,
  };
}

/** The errors among the words, without what was asked and what helps only at a terminal. */
function sentenceOf(words: readonly string[]): string {
  const lines = words
    .filter((one) => !one.includes('gpgkey-info'))
    .flatMap((one) => one.split('\n'))
    .map((line) => withoutPassword(line.trim()))
    .filter((line) => line !== '' && !NOISE.test(line));
  const said = [...new Set(lines)].join(' ').slice(0, REASON_CHARACTERS);
  return /[.!?]$/.test(said) ? said : `${said}.`;
}
