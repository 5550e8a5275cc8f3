/** What an end-entity certificate may be used for. */
export type ExtendedKeyUsage = 'serverAuth' | 'clientAuth' | typeof MANAGER_USAGE;

/** Marks the certificates of a manager, so that none of its hosts can pose as it whatever names it was given. */
export const MANAGER_USAGE = 'linuxPatchManager';

/**
 * OIDs by usage. Ours is made from a UUID in the arc that Microsoft keeps for that; 2.25, the arc of the standard, has
 * numbers that Go and others refuse to parse.
 */
export const USAGE_OIDS: Readonly<Record<ExtendedKeyUsage, string>> = {
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
  [MANAGER_USAGE]: '1.2.840.113556.1.8000.2554.23775.59714.16204.17464.33483.4768803.1280108',
};
