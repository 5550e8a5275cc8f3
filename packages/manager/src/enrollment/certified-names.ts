import { type AgentNames, shortNameOf } from '../authority/agent-names.ts';
import type { EnrollmentRow } from '../database/schema.ts';
import { fitsHostPattern } from '../join-tokens/host-pattern.ts';

/**
 * What an approved request is certified for, now and at each renewal.
 *
 * @param pattern of the join token that let the host in: it covers every name in the certificate. Null when a person
 *   decided, or when the token is for hosts of any name.
 */
export function certifiedNames(
  { fqdn, hostname, ip_address }: Pick<EnrollmentRow, 'fqdn' | 'hostname' | 'ip_address'>,
  pattern: string | null,
): AgentNames {
  const isCovered =
    hostname !== null &&
    hostname === shortNameOf(fqdn) &&
    (pattern === null || fitsHostPattern(pattern, hostname));
  return { fqdn, hostname: isCovered ? hostname : null, ipAddress: ip_address };
}
