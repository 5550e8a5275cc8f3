import { isIP } from 'node:net';
import { DAY_MS, PatchError } from '@linux-patch/contract';
import { canonicalIpAddress } from './ip-address.ts';
import { type ExtendedKeyUsage, MANAGER_USAGE } from './key-usages.ts';

/** Everything a certificate says apart from its key, its dates and its serial. */
export interface CertificateProfile {
  readonly commonName: string;
  /** Absent for end-entity certificates. `pathLength` is absent when unlimited. */
  readonly authority?: { readonly pathLength?: number };
  readonly extendedKeyUsage: readonly ExtendedKeyUsage[];
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  /** Which revocation list names it when it is revoked: its own, or that of the manager's certificates; none for CAs. */
  readonly revocation?: 'own' | 'manager';
  /** Lifetime unless the caller asks for another one. */
  readonly lifetimeMs: number;
}

/** X.520: upper bound of a common name, in characters. */
const COMMON_NAME_LIMIT = 64;
/** Ends the common name of every host's certificate. */
export const SERVER_SUFFIX = '-server';

/** The self-signed root: ten years. Throws CERT_UNSUITABLE for an unusable name, as every profile does. */
export function rootProfile(commonName: string): CertificateProfile {
  return authority(commonName, {}, 3650 * DAY_MS);
}

/** The CA that signs leaf certificates and nothing else: three years, path length 0. */
export function issuingProfile(commonName: string): CertificateProfile {
  return authority(commonName, { pathLength: 0 }, 1095 * DAY_MS);
}

/**
 * An agent's server certificate: server-auth only, so that a stolen host key cannot drive another host. Named by
 * fqdn, short name and address; a name that is an IP literal never becomes a DNS name.
 */
export function agentProfile(names: {
  readonly fqdn: string;
  readonly shortName?: string | undefined;
  readonly ipAddress: string;
}): CertificateProfile {
  const given = names.shortName === undefined ? [names.fqdn] : [names.fqdn, names.shortName];
  const certificate = leaf(serverCommonName(names.fqdn), ['serverAuth'], {
    dnsNames: given.filter((name) => isIP(name) === 0),
    ipAddresses: [names.ipAddress],
  });
  return { ...certificate, revocation: 'own' };
}

/** The manager's own identity towards agents: client-auth only, marked as a manager's, no names besides the common name. */
export function managerClientProfile(commonName = 'patch-manager-client'): CertificateProfile {
  return leaf(commonName, ['clientAuth', MANAGER_USAGE], { dnsNames: [], ipAddresses: [] });
}

/** The certificate of the manager's HTTPS listener, marked as a manager's. The first name (or address) becomes the common name. */
export function webProfile(names: {
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
}): CertificateProfile {
  const first = [...names.dnsNames, ...names.ipAddresses][0];
  if (first === undefined) throw unsuitable('A web certificate needs at least one name or address.');
  return leaf(first.slice(0, COMMON_NAME_LIMIT), ['serverAuth', MANAGER_USAGE], names);
}

function authority(
  commonName: string,
  constraints: { readonly pathLength?: number },
  lifetimeMs: number,
): CertificateProfile {
  const name = checkedCommonName(commonName);
  return {
    commonName: name,
    authority: constraints,
    extendedKeyUsage: [],
    dnsNames: [],
    ipAddresses: [],
    lifetimeMs,
  };
}

function leaf(
  commonName: string,
  usages: readonly ExtendedKeyUsage[],
  names: Pick<CertificateProfile, 'dnsNames' | 'ipAddresses'>,
): CertificateProfile {
  return {
    commonName: checkedCommonName(commonName),
    extendedKeyUsage: usages,
    revocation: 'manager',
    dnsNames: [...new Set(names.dnsNames.map(checkedDnsName))],
    ipAddresses: [...new Set(names.ipAddresses.map(checkedIpAddress))],
    lifetimeMs: 365 * DAY_MS,
  };
}

/** `<fqdn>-server`; a name too long for a common name is cut after a whole label where one fits. */
export function serverCommonName(fqdn: string): string {
  const room = COMMON_NAME_LIMIT - SERVER_SUFFIX.length;
  if (fqdn.length <= room) return fqdn + SERVER_SUFFIX;
  const cut = fqdn.slice(0, room);
  const lastDot = fqdn.charAt(room) === '.' ? room : cut.lastIndexOf('.');
  return (lastDot > 0 ? cut.slice(0, lastDot) : cut.replace(/-+$/, '')) + SERVER_SUFFIX;
}

function checkedCommonName(name: string): string {
  const fits = name.length > 0 && name.length <= COMMON_NAME_LIMIT && /^\P{C}+$/u.test(name);
  if (!fits) throw unsuitable(`A common name has 1 to 64 printable characters: ${JSON.stringify(name)}.`);
  return name;
}

function checkedDnsName(name: string): string {
  const label = '[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?';
  const pattern = new RegExp(`^(?:\\*\\.)?${label}(?:\\.${label})*$`);
  const lower = name.toLowerCase();
  if (lower.length > 253 || !pattern.test(lower) || isIP(lower) !== 0) {
    throw unsuitable(`Not a DNS name that a certificate can carry: ${JSON.stringify(name)}.`);
  }
  return lower;
}

function checkedIpAddress(address: string): string {
  if (isIP(address) === 0 || address.includes('%')) {
    throw unsuitable(`Not an IP address: ${JSON.stringify(address)}.`);
  }
  return canonicalIpAddress(address);
}

function unsuitable(message: string): PatchError {
  return new PatchError('CERT_UNSUITABLE', message);
}
