import type { Person } from '@linux-patch/contract';

/** By what somebody signs in: the password, what that takes beside it or can be instead of it, or the identity provider. */
export function wayOf({
  authenticator,
  passkeys,
  oidc,
}: Pick<Person, 'authenticator' | 'passkeys' | 'oidc'>): string {
  if (oidc) return `${new URL(oidc.issuer).host}, as ${oidc.subject}`;
  const keys = passkeys === 1 ? '1 passkey' : `${passkeys} passkeys`;
  const all = [...(authenticator ? ['authenticator'] : []), ...(passkeys > 0 ? [keys] : [])];
  return all.length > 0 ? `✓ ${all.join(', ')}` : '▲ password alone';
}
