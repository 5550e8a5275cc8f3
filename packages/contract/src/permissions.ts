/** What may be allowed to whom on the manager: each route for people and their programs needs one of these. */
export const PERMISSIONS = {
  'status:read': "The manager's own state.",
  'settings:read': 'The configuration that the manager runs with.',
  'metrics:read': 'Metrics of manager and fleet.',
  'ca:read': 'The certificate authorities and the job key, and who follows their replacement.',
  'ca:manage': 'Replace the root CA and the job key.',
  'enrollments:read': 'Hosts that ask to join.',
  'enrollments:decide': 'Let hosts join, or refuse them.',
  'tokens:read': 'Join tokens, without their secrets.',
  'tokens:manage': 'Make join tokens, which let hosts in without a person, and revoke them.',
  'hosts:read': 'The fleet: its hosts, their packages, pending updates and jobs.',
  'hosts:change': 'What is on record about a host.',
  'hosts:group': 'Labels and groups of hosts, and saved searches, by which hosts are chosen.',
  'hosts:remove': 'Remove hosts, with the end of their certificates.',
  'hosts:patch': 'Change the packages of hosts, restart their services, and reboot them.',
  'certificates:read': 'Certificates that were issued.',
  'certificates:revoke': 'Revoke certificates.',
  'api-tokens:read': 'API tokens, without their secrets: which programs may do what.',
  'api-tokens:manage': 'Make API tokens of any role, and revoke them.',
  'people:read': 'People: who may sign in, and with which role.',
  'people:manage': 'Make people of any role, change and remove them.',
  'audit:read': 'The audit log: who did what, and whether it is whole.',
} as const;

/** One of them; a role is a set, see `ROLES`. */
export type Permission = keyof typeof PERMISSIONS;

/** What lets somebody in: a host, a person, a program. A program may do it only where its token says so by name. */
export const GUARDED_PERMISSIONS = [
  'enrollments:decide',
  'tokens:manage',
  'people:manage',
  'api-tokens:manage',
] as const satisfies readonly Permission[];

export type GuardedPermission = (typeof GUARDED_PERMISSIONS)[number];

/** What somebody may be allowed for some hosts only; everything else is about the whole fleet. */
export const BINDABLE_PERMISSIONS = [
  'status:read',
  'hosts:read',
  'hosts:change',
  'hosts:group',
  'hosts:remove',
  'hosts:patch',
  'certificates:read',
  'certificates:revoke',
] as const satisfies readonly Permission[];
