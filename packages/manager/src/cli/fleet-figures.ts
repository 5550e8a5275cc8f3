import type { FleetFigures, HostInventory } from '@linux-patch/contract';
import { printableLine } from '@linux-patch/runtime';
import { pastTime } from '@linux-patch/runtime/printed';

/** The whole fleet in one line, with its age. */
export function describeFigures(figures: FleetFigures, nowMs: number): string {
  const { hosts, current, behind, unknown, security, oldest_listed_at: oldest } = figures;
  const age = oldest === null ? '' : `; the oldest listing of those is from ${pastTime(oldest, nowMs)}`;
  return `${hosts} hosts: ${current} current, ${behind} behind (${security} for security), ${unknown} unknown${age}.`;
}

/** How old what is shown of a host is, and whether it counts. */
export function describeHost({ fqdn, state, reason, listed_at }: HostInventory, nowMs: number): string {
  const age =
    listed_at === null ? `${fqdn} was never listed.` : `As ${fqdn} said ${pastTime(listed_at, nowMs)}.`;
  return printableLine(
    state === 'unknown' ? `${age} Whether that is still so is UNKNOWN: ${reason ?? ''}` : age,
  );
}

/** What an update is for; null where nobody knows. */
export function describeKind(security: boolean | null): string {
  return security === null ? 'not known' : security ? 'security' : 'update';
}
