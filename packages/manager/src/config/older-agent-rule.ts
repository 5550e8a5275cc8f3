/**
 * Which agents of the older generation may ask to join: `all` and `none` as the configuration says; where it says
 * nothing, those whose host is on record with a key that the manager made.
 */
export type OlderAgentRule = 'all' | 'known' | 'none';

export function olderAgentRule(allowed: boolean | undefined): OlderAgentRule {
  if (allowed === undefined) return 'known';
  return allowed ? 'all' : 'none';
}
