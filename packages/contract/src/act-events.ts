import { type AuditEventTraits, event } from './audit-event.ts';

/** The part of `MANAGER_AUDIT_EVENTS` about what is asked of many hosts at once. */
export const ACT_EVENTS = {
  act_started: event(
    'Somebody asked for something on many hosts, which were found by `search`; each is asked when its turn comes, and has a record of its own then.',
    'act',
    'hosts',
    'search',
    'operation',
    'request',
  ),
  act_hosts: event('Hosts that an act is for; a hundred in one record at most.', 'act', 'hosts'),
  act_stopped: event(
    'Somebody stopped an act; `hosts` were not asked before and never will be.',
    'act',
    'hosts',
  ),
} as const satisfies Record<string, AuditEventTraits>;
