import { publicKeySpki, spkiSha256 } from '@linux-patch/pki';
import { type HostBinding, isOtherHost } from '@linux-patch/worker';
import type { HostIdentity } from '../../host/host-identity.ts';
import type { PendingEnrollment } from './pending.ts';

/** This host as it is now, as far as it decides whether a saved enrolment is still its own. */
export interface PresentHost {
  readonly managerUrl: string;
  readonly identity: HostIdentity;
  /** Every address of this host; undefined when the configuration says which one counts. */
  readonly ownAddresses: readonly string[] | undefined;
  readonly binding: HostBinding;
  /** Key id of an identity of another host that lies on this one. */
  readonly cloneOf: string | undefined;
  /** Whether the manager has taken the request. */
  readonly registered: boolean;
}

/**
 * Whether a saved enrolment belongs to this manager and this host, and its key is still there. A request that the manager
 * has taken survives what a boot without name resolution looks like: the short name, or another of the host's addresses.
 */
export function fitsPending(
  saved: { readonly pending: PendingEnrollment; readonly keyPem: string },
  now: PresentHost,
): boolean {
  const { pending, keyPem } = saved;
  return (
    spkiOf(keyPem) === pending.spki_sha256 &&
    pending.manager_url === now.managerUrl &&
    pending.machine_id === now.identity.machineId &&
    pending.clone_of === (now.cloneOf ?? null) &&
    !(pending.host && isOtherHost(pending.host, now.binding)) &&
    (saysTheSame(pending, now.identity) || (now.registered && couldBe(pending, now)))
  );
}

/** Whether name and address are the ones that were written down. */
export function saysTheSame(pending: PendingEnrollment, identity: HostIdentity): boolean {
  return pending.fqdn === identity.fqdn && pending.ip_address === identity.ipAddress;
}

function couldBe(pending: PendingEnrollment, { identity, ownAddresses }: PresentHost): boolean {
  const sameName =
    [pending.fqdn, pending.hostname].includes(identity.fqdn) || pending.fqdn === identity.hostname;
  const sameAddress = pending.ip_address === identity.ipAddress || ownAddresses?.includes(pending.ip_address);
  return sameName && sameAddress === true;
}

function spkiOf(keyPem: string): string | undefined {
  try {
    return spkiSha256(publicKeySpki(keyPem));
  } catch {
    return undefined;
  }
}
