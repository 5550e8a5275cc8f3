import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newHost, newOlderAgent } from './agents.ts';
import { startWorld, type World } from './world.ts';

const MANY = 3_000;
const FLOODED = 'flooded.example.test';

let world: World;
beforeAll(async () => {
  world = await startWorld();
  const first = newOlderAgent(world, { ...newHost(), fqdn: FLOODED });
  await first.register({ localAddress: '127.0.0.5' });
  // As many more of one name, each of a machine and a time of its own.
  await sql`
    insert into enrollments
      select '00000000-0000-4000-8000-' || cast(100000000000 + value as text), 'token ' || value, state,
        'aaaaaaaaaaaaaaaaaaaa' || cast(100000000000 + value as text), fqdn, hostname, ip_address,
        observed_address, os_details, extension, spki, spki_sha256, key_id, nonce_m, used_proofs, created_at + value, expires_at, last_poll_at, decided_at, decided_by, code_verified,
        failed_codes, locked_until, deny_reason, deny_tag, host_id, bundle, serial, join_token, join_token_verdict,
        join_token_at, caller
      from enrollments, (with recursive n(value) as (select 1 union all select value + 1 from n where value < ${MANY - 1}) select value from n) as n
  `.execute(world.database.db);
});
afterAll(() => world[Symbol.asyncDispose]());

const list = async (query: string) => {
  const answer = await world.admin(`/enrollments${query}`);
  expect(answer.status).toBe(200);
  return answer.json().data;
};

describe('thousands of requests of one name', () => {
  it('are a page, with five conflicts of each and a number', async () => {
    const page = await list('');
    expect([page.enrollments.length, page.total]).toEqual([100, MANY]);
    for (const one of page.enrollments) {
      expect([one.conflicts.length, one.conflicts_total]).toEqual([5, MANY - 1]);
      expect(one.conflicts.join()).not.toContain(one.id);
    }
  });

  it('are read page by page, each once and the newest first', async () => {
    const ids: string[] = [];
    for (let offset = 0; offset < MANY; offset += 1_000)
      ids.push(...(await list(`?limit=1000&offset=${offset}`)).enrollments.map((one) => one.id));
    expect(new Set(ids).size).toBe(MANY);
    expect((await list(`?limit=10&offset=${MANY}`)).enrollments).toEqual([]);
    expect((await world.admin('/enrollments?limit=1001')).status).toBe(400);
  });

  it('hide no other request, and cost it no conflict', async () => {
    await world.advance(60_000);
    const other = newOlderAgent(world);
    await other.register({ localAddress: '127.0.0.6' });
    const [newest] = (await list('?limit=1')).enrollments;
    expect(newest).toMatchObject({ fqdn: other.facts.fqdn, conflicts: [], conflicts_total: 0 });
  });

  it('are told apart by name and by machine', async () => {
    await world.advance(60_000);
    const facts = newHost();
    const twin = { ...newHost(), machine_id: facts.machine_id };
    for (const [one, localAddress] of [
      [facts, '127.0.0.7'],
      [facts, '127.0.0.8'],
      [twin, '127.0.0.9'],
    ] as const)
      await newOlderAgent(world, one).register({ localAddress });
    const conflicts = (await list('?limit=3')).enrollments.map((one) => one.conflicts_total);
    expect(conflicts).toEqual([2, 2, 2]);
  });
});
