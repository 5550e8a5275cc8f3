import type { HostRow } from '../database/schema.ts';
import { type JobOrder, operationOf } from './order.ts';

const EVENTS = {
  patch: { requested: 'patches_requested', started: 'patches_applied' },
  other: { requested: 'host_job_requested', started: 'host_job_started' },
} as const;

/** What the audit log says when a host is about to be asked, and when it has begun. */
export function recordOf(
  what: 'requested' | 'started',
  { id, fqdn }: Pick<HostRow, 'id' | 'fqdn'>,
  order: JobOrder,
  more: Readonly<Record<string, string>> = {},
) {
  const { route, name, query, body } = order;
  if (route === 'applyPatches')
    return { event: EVENTS.patch[what], fields: { host: id, fqdn, request: body, ...more } };
  const asked = { operation: operationOf(order), request: { name, query, body } };
  return { event: EVENTS.other[what], fields: { host: id, fqdn, ...asked, ...more } };
}
