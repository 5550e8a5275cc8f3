import { isIP } from 'node:net';
import { AGENT_PORT, type EnrollRequest, OsDetails, PatchError } from '@linux-patch/contract';
import { shortNameOf } from '../authority/agent-names.ts';
import type { NameRules } from '../authority/name-rules.ts';
import type { EnrollmentRow } from '../database/schema.ts';
import { readStored } from '../database/stored-json.ts';
import { shownExtension } from './transcript.ts';

/** What a request says about its host, as it is stored. */
export type Claim = Pick<
  EnrollmentRow,
  'machine_id' | 'fqdn' | 'hostname' | 'ip_address' | 'observed_address' | 'os_details' | 'extension'
>;

const LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;

/** A name that a certificate can carry and a terminal can show. */
function isHostName(name: string): boolean {
  return isIP(name) !== 0 || name.split('.').every((label) => LABEL.test(label));
}

interface Fault {
  readonly path: string;
  readonly message: string;
}

/** What is wrong with the names of a request, member by member. */
function nameFaults(names: Pick<Claim, 'fqdn' | 'hostname' | 'ip_address'>, rules: NameRules): Fault[] {
  const { fqdn, hostname, ip_address } = names;
  if (!isHostName(fqdn)) return [{ path: 'body.fqdn', message: 'not a host name' }];
  const faults = Object.entries({ fqdn, ip_address }).flatMap(([member, name]) => {
    const fault = rules.faultOf(name);
    return fault === undefined ? [] : [{ path: `body.${member}`, message: `${name} is ${fault}` }];
  });
  const isShort = hostname === null || hostname === shortNameOf(fqdn);
  return isShort ? faults : [...faults, { path: 'body.hostname', message: 'not the first label of fqdn' }];
}

/**
 * Reads what a registration claims, with names in lower case. Agents of the older generation take their short name from
 * elsewhere than their full one; where these do not fit, the short one is dropped.
 *
 * @throws PatchError `INVALID_REQUEST` for names that no host may have.
 */
export function readClaim(
  {
    request,
    observedAddress,
  }: {
    readonly request: EnrollRequest;
    readonly observedAddress: string;
  },
  rules: NameRules,
): Claim {
  const fqdn = request.fqdn.toLowerCase();
  const said = request.hostname?.toLowerCase() || null;
  const isStray = !request.ext && said !== null && isHostName(said) && said !== shortNameOf(fqdn);
  const hostname = isStray ? null : said;
  const faults = [
    ...nameFaults({ fqdn, hostname, ip_address: request.ip_address }, rules),
    ...(/^[\x21-\x7e]+$/.test(request.machine_id)
      ? []
      : [{ path: 'body.machine_id', message: 'not a machine-id' }]),
  ];
  if (faults.length > 0) {
    const words = faults.map((fault) => `${fault.path}: ${fault.message}`).join('; ');
    throw new PatchError('INVALID_REQUEST', `The request is not valid: ${words}`, { details: { faults } });
  }
  return {
    machine_id: request.machine_id,
    fqdn,
    hostname,
    ip_address: request.ip_address,
    observed_address: observedAddress,
    os_details: JSON.stringify(request.os_details),
    extension: request.ext ? JSON.stringify(request.ext) : null,
  };
}

/** Port on which the agent says it listens. */
export function agentPortOf(row: Pick<EnrollmentRow, 'os_details'>): number {
  return readStored(OsDetails, row.os_details, {}).agent_port ?? AGENT_PORT;
}

/**
 * Whether two states of a request claim the same: who the host is, where it is, and what its code was bound to.
 * The CSR may differ, because a signature is new each time; its key cannot.
 */
export function isSameClaim(one: EnrollmentRow, other: EnrollmentRow): boolean {
  const essence = (row: EnrollmentRow): string => {
    const extension = shownExtension(row);
    return JSON.stringify([
      [row.machine_id, row.fqdn, row.hostname, row.ip_address, agentPortOf(row), row.spki_sha256],
      extension && [extension.nonce_a, extension.tag_a, extension.modes],
    ]);
  };
  return essence(one) === essence(other);
}
