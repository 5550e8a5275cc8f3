import type { CreateJoinToken } from '@linux-patch/contract';

/** A join token as it is typed. */
export interface TokenWish {
  readonly ttl: string;
  readonly uses: string;
  readonly hosts: string;
  readonly note: string;
  /** `KEY=VALUE`, with spaces or commas between them. */
  readonly labels: string;
  readonly groups: readonly string[];
}

export const USUAL_TOKEN: TokenWish = {
  ttl: '86400',
  uses: '1',
  hosts: '',
  note: '',
  labels: '',
  groups: [],
};

/** As the manager has it: more of either are on no host. */
const MOST = 32;

function pairsOf(labels: string): (readonly [key: string, value: string])[] {
  const words = labels.split(/[\s,]+/).filter((word) => word !== '');
  return words.map((word) => {
    const at = word.indexOf('=');
    return [word.slice(0, Math.max(at, 0)), word.slice(at + 1)];
  });
}

function whyNoLabels(labels: string): string | undefined {
  const pairs = pairsOf(labels);
  if (pairs.some(([key, value]) => key === '' || value === ''))
    return 'A label is KEY=VALUE, for example env=prod.';
  const keys = pairs.map(([key]) => key);
  const twice = keys.find((key, at) => keys.indexOf(key) !== at);
  if (twice !== undefined) return `A host has one value of ${twice}; say which.`;
  return keys.length > MOST ? `A host has at most ${MOST} labels.` : undefined;
}

/** Why it cannot be made as it stands; undefined when it can, as far as the page knows. */
export function whyNoToken({ uses, labels, groups }: TokenWish): string | undefined {
  if (!/^[1-9]\d{0,3}$|^10000$/.test(uses)) return 'It lets in from 1 to 10000 hosts.';
  return whyNoLabels(labels) ?? (groups.length > MOST ? `A host is in at most ${MOST} groups.` : undefined);
}

/** What the manager is asked for. */
export function tokenRequest({ ttl, uses, hosts, note, labels, groups }: TokenWish): CreateJoinToken {
  const pairs = pairsOf(labels);
  return {
    ttl_seconds: Number(ttl),
    uses: Number(uses),
    ...(hosts.trim() === '' ? {} : { hosts: hosts.trim() }),
    ...(note.trim() === '' ? {} : { note: note.trim() }),
    ...(pairs.length === 0 ? {} : { labels: Object.fromEntries(pairs) }),
    ...(groups.length === 0 ? {} : { groups: [...groups] }),
  };
}
