import { isIP } from 'node:net';
import { PatchError } from '@linux-patch/contract';
import type { NameRules } from './name-rules.ts';

/** Names that go into an agent's certificate; always from the approved record, never from its request. */
export interface AgentNames {
  readonly fqdn: string;
  /** Goes in only as the first label of `fqdn`. */
  readonly hostname: string | null;
  readonly ipAddress: string;
}

/** The first label of a full name; undefined for an address. */
export function shortNameOf(fqdn: string): string | undefined {
  return isIP(fqdn) === 0 ? fqdn.split('.')[0] : undefined;
}

/** Why a host cannot be certified, as a clause; undefined when it can. */
export function uncertifiable(
  { fqdn, ipAddress }: Pick<AgentNames, 'fqdn' | 'ipAddress'>,
  rules: NameRules,
): string | undefined {
  for (const name of [fqdn, ipAddress]) {
    const fault = rules.faultOf(name);
    if (fault !== undefined) return `${name} is ${fault}`;
  }
  return undefined;
}

/**
 * What a host is certified for: of its short name only what follows from its full one.
 * @throws PatchError `FORBIDDEN`
 */
export function certifiable(
  { fqdn, hostname, ipAddress }: AgentNames,
  rules: NameRules,
): { readonly fqdn: string; readonly shortName: string | undefined; readonly ipAddress: string } {
  const fault = uncertifiable({ fqdn, ipAddress }, rules);
  if (fault !== undefined) {
    throw new PatchError(
      'FORBIDDEN',
      `${fqdn} gets no certificate: ${fault}. Whoever holds such a certificate could pose as another machine. ` +
        'Give the host a name and an address of its own ("linux-patch-manager hosts set" changes the address); ' +
        "if it is this manager's own machine, name both in certificates.local_hosts of the manager's configuration.",
    );
  }
  const isFit = hostname === shortNameOf(fqdn) && rules.faultOf(hostname) === undefined;
  return { fqdn, shortName: isFit ? hostname : undefined, ipAddress };
}
