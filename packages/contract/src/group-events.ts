import { type AuditEventTraits, event } from './audit-event.ts';

/** The part of `MANAGER_AUDIT_EVENTS` about groups of hosts and saved searches. */
export const GROUP_EVENTS = {
  group_created: event('A group of hosts was made.', 'group', 'description'),
  group_changed: event(
    'A group was named or described otherwise; `previous_name` is there when it had another name.',
    'group',
    'previous_name',
    'description',
  ),
  group_deleted: event(
    'A group was deleted. Its hosts stay in the fleet; the records before this one name them.',
    'group',
    'hosts',
    'left',
    'join_tokens',
    'role_bindings',
  ),
  group_hosts_added: event(
    'Hosts were put into a group: by somebody or with the join token that let them in; a hundred in one record at most.',
    'group',
    'hosts',
  ),
  group_hosts_removed: event(
    'Hosts were taken out of a group: by somebody, with the group, or because a join token let in another host under their record.',
    'group',
    'hosts',
  ),
  saved_search_created: event('A selection of hosts was saved under a name.', 'search', 'hosts'),
  saved_search_changed: event(
    'A saved search means another selection from now on, wherever it is used.',
    'search',
    'hosts',
    'previous_hosts',
  ),
  saved_search_deleted: event('A saved search was deleted.', 'search', 'hosts'),
} as const satisfies Record<string, AuditEventTraits>;
