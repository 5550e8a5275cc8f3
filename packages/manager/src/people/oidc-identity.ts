import { type OidcIdentity, PatchError } from '@linux-patch/contract';
import type { PersonRow } from '../database/schema.ts';

/** As whom somebody signs in with the identity provider; both are null for who does not. */
export type OidcColumns = Pick<PersonRow, 'oidc_issuer' | 'oidc_subject'>;

export const NO_OIDC: OidcColumns = { oidc_issuer: null, oidc_subject: null };

/** As others see it, and records have it; null for who does not. */
export function viewOidc({ oidc_issuer: issuer, oidc_subject: subject }: OidcColumns): OidcIdentity | null {
  return issuer === null || subject === null ? null : { issuer, subject };
}

/**
 * What is stored for a subject of the provider that is configured; undefined without a subject.
 * @param issuer of that provider; undefined where none is
 * @throws PatchError `PERSON_CONFLICT` where none is
 */
export function identityOf(issuer: string | undefined, subject: string | undefined): OidcColumns | undefined {
  if (subject === undefined) return undefined;
  if (issuer !== undefined) return { oidc_issuer: issuer, oidc_subject: subject };
  throw new PatchError(
    'PERSON_CONFLICT',
    'No identity provider is configured (oidc in config.yaml), so nobody can sign in with one. Nothing was done.',
  );
}
