import type { Host, HostInventory, JoinToken } from '@linux-patch/contract';
import { identityOf } from './known-identity.ts';

/** What is known of a host from both lists of the manager. */
export interface KnownHost {
  readonly id: string;
  readonly fqdn: string;
  readonly state: HostInventory['state'] | 'left';
  readonly reason: string | null;
  readonly os: string;
  readonly address: string;
  /** Null where nobody can know how many wait. */
  readonly updates: number | null;
  readonly securityUpdates: number | null;
  readonly seenAt: string | null;
  readonly listedAt: string | null;
  readonly identity: string;
  /** Whether it needs a reboot, as it said when it was listed last. */
  readonly reboot: 'needed' | 'no' | 'unknown';
  /** Why it needs one, for people. */
  readonly rebootReasons: readonly string[];
  readonly groups: readonly string[];
  /** `KEY=VALUE` each. */
  readonly labels: readonly string[];
}

/** As people call it: Debian 12, and not Debian GNU/Linux 12. */
function osOf({ os_details: { distro, name, version_id, version } }: Pick<Host, 'os_details'>): string {
  const called = (distro ?? name)?.replace(/ GNU\/Linux$/, '');
  return [called, version_id ?? version].filter(Boolean).join(' ') || 'not said';
}

function rebootOf({ reboot: { needed } }: Host): KnownHost['reboot'] {
  return needed === null ? 'unknown' : needed ? 'needed' : 'no';
}

/** Labels as people type them. */
export function labelsOf({ labels }: Pick<Host | JoinToken, 'labels'>): string[] {
  return Object.entries(labels).map(([key, value]) => `${key}=${value}`);
}

/** Puts the two lists together; a host that left is in one of them alone. */
export function joinLists(hosts: readonly Host[], inventory: readonly HostInventory[]): KnownHost[] {
  const listings = new Map(inventory.map((one) => [one.id, one]));
  const known = hosts.map((host): KnownHost => {
    const listing = listings.get(host.id);
    const isKnown = listing !== undefined && listing.state !== 'unknown';
    const { id, fqdn, ip_address: address, last_seen_at: seenAt } = host;
    const hasLeft = host.left_at !== null;
    return {
      id,
      fqdn,
      address,
      seenAt,
      os: osOf(host),
      identity: identityOf(host),
      reboot: rebootOf(host),
      rebootReasons: host.reboot.reasons,
      groups: host.groups,
      labels: labelsOf(host),
      state: hasLeft ? 'left' : (listing?.state ?? 'unknown'),
      reason: hasLeft ? 'It left by itself.' : listing ? listing.reason : 'It joined a moment ago.',
      updates: isKnown ? listing.updates : null,
      securityUpdates: isKnown ? listing.security_updates : null,
      listedAt: listing?.listed_at ?? null,
    };
  });
  return known.sort((a, b) => (a.fqdn < b.fqdn ? -1 : a.fqdn > b.fqdn ? 1 : 0));
}
