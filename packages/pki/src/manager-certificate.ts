import { isIP } from 'node:net';
import type { CertificateFacts } from './certificates.ts';
import { MANAGER_USAGE } from './key-usages.ts';
import { SERVER_SUFFIX, serverCommonName } from './profiles.ts';

/**
 * Why a certificate cannot be the one of a manager, as a clause; undefined when it can. One without the mark of a manager
 * is from before there was one, or from another CA than ours: then only what is made like the certificate of a host is
 * refused. No host chooses that: its common name is its full name with a suffix.
 */
export function managerFault(
  certificate: Pick<CertificateFacts, 'extendedKeyUsage' | 'commonName' | 'dnsNames' | 'ipAddresses'>,
): string | undefined {
  const { extendedKeyUsage, commonName = '', dnsNames, ipAddresses } = certificate;
  if (extendedKeyUsage.includes(MANAGER_USAGE) || !commonName.endsWith(SERVER_SUFFIX)) return undefined;
  const isAddress = isIP(commonName.slice(0, -SERVER_SUFFIX.length)) !== 0;
  const isNamed = [...dnsNames, ...ipAddresses].some((name) => serverCommonName(name) === commonName);
  return isAddress || isNamed ? `"${commonName}" is the certificate of a host, not of a manager` : undefined;
}
