/** In which a certificate can be, and all of them. */
export const STATES = ['valid', 'expired', 'revoked', 'all'] as const;

/** What is shown; all of it is in the address. */
export interface CertificateSearch {
  readonly q?: string;
  readonly state?: string;
  /** Serial number of the one that is about to be revoked. */
  readonly revoke?: string;
}

/** What of an address is a search. */
export function certificateSearchOf({ q, state, revoke }: Record<string, unknown>): CertificateSearch {
  return {
    ...(typeof q === 'string' && q !== '' ? { q } : {}),
    ...(STATES.some((one) => one === state && one !== 'valid') ? { state: String(state) } : {}),
    ...(typeof revoke === 'string' && /^[0-9a-f]{1,40}$/.test(revoke) ? { revoke } : {}),
  };
}

/** Which state is asked for. */
export function stateOf({ state }: CertificateSearch): (typeof STATES)[number] {
  return STATES.find((one) => one === state) ?? 'valid';
}
