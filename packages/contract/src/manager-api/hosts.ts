import { z } from 'zod';
import { OsDetails } from '../enrollment.ts';

/** A host of the fleet. */
export const Host = z.object({
  id: z.uuid(),
  fqdn: z.string(),
  hostname: z.string().nullable(),
  machine_id: z.string(),
  ip_address: z.string(),
  agent_port: z.number().int(),
  os_details: OsDetails,
  key_origin: z.enum(['host', 'manager']),
  certificate_serial: z.string().nullable(),
  certificate_expires_at: z.iso.datetime().nullable(),
  created_at: z.iso.datetime(),
  last_seen_at: z.iso.datetime().nullable(),
  last_error: z.string().nullable(),
});
export type Host = z.infer<typeof Host>;

export const HostList = z.object({ hosts: z.array(Host), total: z.number().int() });
export type HostList = z.infer<typeof HostList>;

/** Body of `PUT /hosts/{id}`: where the agent listens when not on its standard port. */
export const HostChange = z.strictObject({
  agent_port: z.number().int().min(1).max(65_535).optional(),
  ip_address: z.union([z.ipv4(), z.ipv6()]).optional(),
});
export type HostChange = z.infer<typeof HostChange>;
