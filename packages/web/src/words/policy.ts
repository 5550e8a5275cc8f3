import type { Host } from '@linux-patch/contract';

/** What a host lets managers ask for. */
export function policyFact({ allows, fault }: Host['policy']): string {
  if (fault !== null) return `nothing: ${fault}`;
  if (allows === null) return 'not known';
  return allows.join(', ') || 'nothing';
}
