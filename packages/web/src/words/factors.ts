import type { Person } from '@linux-patch/contract';

/** What somebody signs in with beside the password, or instead of it. */
export function factorsOf({ authenticator, passkeys }: Pick<Person, 'authenticator' | 'passkeys'>): string {
  const keys = passkeys === 1 ? '1 passkey' : `${passkeys} passkeys`;
  const all = [...(authenticator ? ['authenticator'] : []), ...(passkeys > 0 ? [keys] : [])];
  return all.length > 0 ? `✓ ${all.join(', ')}` : '▲ password alone';
}
