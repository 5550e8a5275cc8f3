import type { JoinTokenVerdict } from '@linux-patch/contract';

/** What became of this host's join token; `ignored`: the manager does not know join tokens. */
export type OwnVerdict = JoinTokenVerdict | 'ignored';

const WORDS: Readonly<Record<OwnVerdict, string>> = {
  accepted: 'it let this host in',
  ignored: 'this manager does not know join tokens',
  unknown: 'this manager has no such token; it was made by another one, or before a backup was restored',
  wrong_proof: 'it does not fit the request, which was changed on the way',
  spent: 'it has no use left',
  expired: 'it has expired',
  revoked: 'an administrator revoked it',
  wrong_host: 'it is for hosts of other names',
  host_conflict:
    'a host of this name, address or machine-id is known already, and a token vouches for new hosts only',
};

/** Why the host is in, or waits for an administrator all the same. */
export function verdictWords(verdict: OwnVerdict): string {
  return WORDS[verdict];
}
