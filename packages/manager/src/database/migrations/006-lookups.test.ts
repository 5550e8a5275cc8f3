import { sql } from 'kysely';
import { expect, it } from 'vitest';
import { openDatabase } from '../open.ts';

it.each([
  [
    "select * from enrollments where spki_sha256 = 'k' and state in ('pending', 'approved') and expires_at >= 1",
    ['enrollments_by_key'],
  ],
  [
    "select * from hosts where fqdn = 'a' or ip_address = '10.0.0.1' or machine_id = 'm'",
    ['sqlite_autoindex_hosts_2', 'hosts_by_address', 'hosts_by_machine'],
  ],
  [
    "select c.serial from enrollments e join certificates c on c.spki_sha256 = e.spki_sha256 where e.state = 'pending' and c.revoke_reason = 'keyCompromise'",
    ['certificates_by_key'],
  ],
  [
    "select serial from certificates where kind in ('manager_client', 'web') and revoked_at is not null",
    ['certificates_by_kind'],
  ],
  [
    "select old.id from enrollments old join enrollments heir on heir.id = (select later.id from enrollments later where later.fqdn = old.fqdn and later.created_at > old.created_at and later.state in ('approved', 'installed') order by later.created_at desc limit 1) where old.state = 'pending'",
    ['enrollments_by_name'],
  ],
])('a request reads no whole table: %s', async (query, indexes) => {
  await using database = await openDatabase(':memory:');
  const { rows } = await sql<{ detail: string }>`explain query plan ${sql.raw(query)}`.execute(database.db);
  const plan = rows.map((row) => row.detail).join('\n');
  expect(plan).not.toMatch(/^SCAN/m);
  for (const index of indexes) expect(plan).toContain(index);
});
