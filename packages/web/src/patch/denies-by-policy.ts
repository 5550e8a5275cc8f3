import type { Host, PolicyOperation } from '@linux-patch/contract';

/** Whether a host said that its policy does not let managers do this; older agents say nothing of theirs. */
export function deniesByPolicy(
  { policy: { allows } }: Pick<Host, 'policy'>,
  operation: PolicyOperation,
): boolean {
  return allows !== null && !allows.includes(operation);
}
