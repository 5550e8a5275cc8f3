import type { HintTopic } from '@linux-patch/contract';
import type { ManagerTables } from '../database/schema.ts';

/** What the rows of a table are about; null where nobody is shown them. */
const TOPICS: Readonly<Record<keyof ManagerTables, HintTopic | null>> = {
  hosts: 'hosts',
  host_labels: 'hosts',
  host_groups: 'hosts',
  group_members: 'hosts',
  saved_searches: 'hosts',
  host_reports: 'hosts',
  host_reboots: 'hosts',
  package_sets: 'packages',
  host_updates: 'packages',
  package_changes: 'packages',
  package_versions: 'packages',
  fleet_daily: 'packages',
  host_jobs: 'jobs',
  acts: 'jobs',
  started_jobs: null,
  enrollments: 'enrollments',
  join_tokens: 'join-tokens',
  join_token_uses: 'join-tokens',
  join_token_groups: 'join-tokens',
  certificates: 'certificates',
  revocation_count: 'certificates',
  revocation_lists: 'certificates',
  list_deliveries: 'hosts',
  host_trust: 'authority',
  settings: 'authority',
  role_bindings: 'people',
  people: 'people',
  sessions: 'people',
  recovery_codes: 'people',
  passkeys: 'people',
  api_tokens: 'api-tokens',
  audit: 'audit',
};

/** What a commit that changed these tables is about. */
export function topicsOf(tables: Iterable<string>): ReadonlySet<HintTopic> {
  const topics = [...tables].map((table) => TOPICS[table as keyof ManagerTables] ?? null);
  return new Set(topics.filter((topic) => topic !== null));
}
