import type { JoinToken } from '@linux-patch/contract';

const NAMED = 3;

/** Whom a token let in: the first few by name. */
export function usersOf({ used_by: users }: Pick<JoinToken, 'used_by'>): string {
  if (users.length === 0) return 'nobody';
  const named = users.slice(0, NAMED).map(({ fqdn }) => fqdn);
  const more = users.length - named.length;
  return `${named.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
