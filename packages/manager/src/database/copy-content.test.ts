import { describe, expect, it } from 'vitest';
import { copyContent, isUnused, newestRecord } from './copy-content.ts';
import { openDatabase } from './open.ts';

const HASH = 'a'.repeat(64);
const LIFE = { not_before: 1, not_after: 2, issued_at: 1, revoke_reason: null };
const RECORD = { at: 1, actor: 'manager', event: 'e', fields: '{}', previous_hash: '', hash: HASH };

describe('copying everything a manager knows', () => {
  it('has a place for every table there is, and a database is unused until one of them has a row', async () => {
    await using from = await openDatabase(':memory:');
    await using to = await openDatabase(':memory:');
    expect([await isUnused(from.db), await newestRecord(from.db)]).toEqual([true, undefined]);
    await from.db.insertInto('audit').values(RECORD).execute();
    await copyContent(from.db, to.db);
    expect([await isUnused(to.db), await newestRecord(to.db)]).toEqual([false, HASH]);
  });

  it('has rows before those that refer to them', async () => {
    await using from = await openDatabase(':memory:');
    await using to = await openDatabase(':memory:');
    const host = { fqdn: 'web1.example.test', machine_id: 'm', ip_address: '10.0.0.1', agent_port: 1 };
    const made = { created_at: 1, created_by: 'local' };
    const token = { verifier: new Uint8Array(1), uses: 1, used: 0, hosts: null, expires_at: 2, ...made };
    const rows = [
      ['hosts', { id: 'h', ...host, os_details: '{}', key_origin: 'host', created_at: 1 }],
      ['join_tokens', { id: 't', ...token }],
      ['host_groups', { id: 'g', name: 'web', description: null, ...made }],
      ['group_members', { group_id: 'g', host_id: 'h' }],
      ['join_token_groups', { token_id: 't', group_id: 'g' }],
    ] as const;
    for (const [table, row] of rows)
      await from.db
        .insertInto(table)
        .values(row as never)
        .execute();
    await copyContent(from.db, to.db);
    for (const [table, row] of rows)
      expect(await to.db.selectFrom(table).selectAll().execute()).toMatchObject([row]);
  });

  it('keeps gaps, and the order in which certificates came', async () => {
    await using from = await openDatabase(':memory:');
    await using to = await openDatabase(':memory:');
    const certificate = { kind: 'web', host_id: null, subject: 's', spki_sha256: 'k', ...LIFE };
    for (const serial of ['c', 'a', 'b'])
      await from.db
        .insertInto('certificates')
        .values({ ...certificate, serial, revoked_at: serial === 'a' ? 2 : null } as never)
        .execute();
    await from.db
      .insertInto('audit')
      .values({ ...RECORD, seq: 7 })
      .execute();
    await copyContent(from.db, to.db);
    const copied = await to.db
      .selectFrom('certificates')
      .select('serial')
      .orderBy('rowid' as never)
      .execute();
    expect(copied.map(({ serial }) => serial)).toEqual(['c', 'a', 'b']);
    expect(await to.db.selectFrom('revocation_count').selectAll().execute()).toEqual([{ revoked: 1 }]);
    await to.db
      .insertInto('audit')
      .values({ ...RECORD, previous_hash: HASH })
      .execute();
    expect((await to.db.selectFrom('audit').select('seq').execute()).map(({ seq }) => seq)).toEqual([7, 8]);
  });
});
