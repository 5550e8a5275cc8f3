import { createHash } from 'node:crypto';
import { isIP } from 'node:net';

/** For whom passkeys are made and used: the manager at its configured address, whatever a request says. */
export interface RelyingParty {
  /** A host name: browsers use a passkey for no other. */
  readonly id: string;
  /** Of the page. */
  readonly origin: string;
  /** Why there can be none; null when there can. */
  readonly unusable: string | null;
}

/** @param managerUrl as it is configured */
export function relyingPartyOf(managerUrl: string): RelyingParty {
  const { hostname: id, origin } = new URL(managerUrl);
  const isAddress = isIP(id.replace(/^\[(.*)\]$/, '$1')) !== 0;
  return {
    id,
    origin,
    unusable: isAddress
      ? `This manager is at an IP address, ${origin}, and browsers have passkeys for names alone. Whoever runs it gives it a name (server.url in config.yaml), and people open the page by that name.`
      : null,
  };
}

/** What an authenticator signs in the place of the id. */
export function rpIdHashOf({ id }: RelyingParty): Buffer {
  return createHash('sha256').update(id).digest();
}
