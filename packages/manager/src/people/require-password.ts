import { PatchError } from '@linux-patch/contract';
import { isOfProvider, type KnownPerson } from './known-person.ts';

/**
 * Whoever has a password. What would let somebody in beside the identity provider would do so also when that has shut them out.
 * @throws PatchError `FORBIDDEN`
 */
export function requirePassword<P extends Pick<KnownPerson, 'oidc_issuer'>>(person: P): P {
  if (!isOfProvider(person)) return person;
  throw new PatchError(
    'FORBIDDEN',
    'You sign in with the identity provider, and in no other way: password, authenticator and passkeys are for who has a password here. Nothing was changed.',
  );
}
