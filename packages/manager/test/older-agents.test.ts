import { X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newHost, newOlderAgent } from './agents.ts';
import { findAuditBreak } from './audit-break.ts';
import { startWorld, type World } from './world.ts';

const HOUR_MS = 3_600_000;

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

describe('an agent of the older generation', () => {
  it('gets exactly the shapes it knows, and its bundle once', async () => {
    const agent = newOlderAgent(world);
    const answer = await agent.register();
    expect([answer.status, Object.keys(answer.json())]).toEqual([202, ['polling_token']]);
    expect((await agent.poll()).json()).toEqual({ status: 'pending' });
    expect((await agent.approve()).json().data).toMatchObject({ generation: 'older', key_id: null });
    const answers = await Promise.all([agent.poll(), agent.poll(), agent.poll()]);
    const bundles = answers.map((one) => one.json()).filter((one) => one.status === 'approved');
    expect(bundles.map((one) => Object.keys(one).sort())).toEqual([
      ['ca_chain', 'ca_crt', 'crl_pem', 'server_crt', 'server_key', 'status'],
    ]);
    await world.restart();
    expect((await agent.poll()).json()).toEqual({ status: 'notfound' });
    const stored = await world.database.db
      .selectFrom('enrollments')
      .select(['state', 'bundle'])
      .where('fqdn', '=', agent.facts.fqdn)
      .executeTakeFirstOrThrow();
    expect(stored).toEqual({ state: 'installed', bundle: null });
  });

  it('finds its issuer first in ca_crt, and a key that fits', async () => {
    const agent = newOlderAgent(world);
    await agent.register();
    await agent.approve();
    const bundle = (await agent.poll()).json();
    const leaf = new X509Certificate(bundle.server_crt);
    const firstCa = new X509Certificate(bundle.ca_crt);
    expect(leaf.issuer).toBe(firstCa.subject);
    expect(bundle.server_key).toContain('-----BEGIN PRIVATE KEY-----');
    expect(leaf.subject).toBe(`CN=${agent.facts.fqdn}-server`);
    expect(leaf.subjectAltName).toContain(`IP Address:${agent.facts.ip_address}`);
  });

  it('asking again from the same address is a conflict, and whoever does it gets no token', async () => {
    const agent = newOlderAgent(world);
    await agent.register();
    const again = await newOlderAgent(world, agent.facts).register();
    expect([again.status, again.json().error.code]).toEqual([409, 'ENROLLMENT_CONFLICT']);
    expect((await agent.poll()).json()).toEqual({ status: 'pending' });
    await world.admin(`/enrollments/${agent.facts.fqdn}/deny`, {});
    expect((await agent.register()).status).toBe(202);
  });

  it('nobody else changes its request: other facts or another address make another one', async () => {
    const facts = newHost();
    const agent = newOlderAgent(world, facts);
    await agent.register();
    await newOlderAgent(world, facts).register({ localAddress: '127.0.0.2' });
    await newOlderAgent(world, { ...facts, ip_address: '203.0.113.9' }).register();
    const { enrollments } = (await world.admin('/enrollments')).json().data;
    const rows = enrollments.filter((one) => one.machine_id === facts.machine_id);
    expect(rows.map((one) => one.observed_address).sort()).toEqual(['127.0.0.1', '127.0.0.1', '127.0.0.2']);
    expect(rows.every((one) => one.conflicts.length === 2)).toBe(true);
    expect((await agent.poll()).json()).toEqual({ status: 'pending' });
  });

  it('has no code to type', async () => {
    const agent = newOlderAgent(world);
    await agent.register();
    const answer = await agent.approve({ code: '0000-0000-0000-0000' });
    expect(answer.json().error.code).toBe('FORBIDDEN');
  });

  it('is told when it is refused', async () => {
    const agent = newOlderAgent(world);
    await agent.register();
    await world.admin(`/enrollments/${agent.facts.fqdn}/deny`, {});
    expect((await agent.poll()).json()).toEqual({ status: 'denied' });
  });

  it('its private key is removed once the host was reached, or after a day', async () => {
    const [reached, silent] = [newOlderAgent(world), newOlderAgent(world)];
    for (const agent of [reached, silent]) {
      await agent.register();
      await agent.approve();
    }
    const bundleOf = async (fqdn: string) =>
      await world.database.db
        .selectFrom('enrollments')
        .select(['state', 'bundle'])
        .where('fqdn', '=', fqdn)
        .executeTakeFirstOrThrow();
    await world.advance(1_000);
    await world.database.db
      .updateTable('hosts')
      .set({ last_seen_at: world.clock.now() })
      .where('fqdn', '=', reached.facts.fqdn)
      .execute();
    await newOlderAgent(world).register();
    expect(await bundleOf(reached.facts.fqdn)).toEqual({ state: 'installed', bundle: null });
    expect((await bundleOf(silent.facts.fqdn)).bundle).toContain('PRIVATE KEY');
    await world.advance(25 * HOUR_MS);
    await newOlderAgent(world).register();
    expect((await bundleOf(silent.facts.fqdn)).bundle).toBeNull();
    expect((await silent.poll()).json()).toEqual({ status: 'notfound' });
  });

  it('leaves a whole chain of what was done in the audit log', async () => {
    expect(await findAuditBreak(world.database.db)).toBeUndefined();
    const events = await world.database.db.selectFrom('audit').select('event').distinct().execute();
    expect(events.map((one) => one.event).sort()).toEqual([
      'admin_call',
      'admin_call_failed',
      'enrollment_approved',
      'enrollment_bundle_sent',
      'enrollment_denied',
      'enrollment_expired',
      'enrollment_installed',
      'enrollment_requested',
      'legacy_door_open',
      'manager_started',
      'manager_stopped',
      'own_certificate_recorded',
    ]);
  });
});

describe('an agent that cannot make its own key', () => {
  const olderHost = (one: World, facts: ReturnType<typeof newHost>, keyOrigin: 'host' | 'manager') =>
    one.database.db
      .insertInto('hosts')
      .values({
        ...facts,
        id: facts.machine_id,
        agent_port: 12_443,
        os_details: '{}',
        key_origin: keyOrigin,
        created_at: one.clock.now(),
        last_seen_at: null,
        last_error: null,
        left_at: null,
      })
      .execute();

  it.each([[{}], [{ allow_legacy_agents: false }]])(
    'is refused with %j, and told why',
    async (enrollment) => {
      await using strict = await startWorld({ enrollment });
      const answer = await newOlderAgent(strict).register();
      expect([answer.status, answer.json().error.code]).toEqual([403, 'FORBIDDEN']);
      expect(answer.json().error.message).toContain('allow_legacy_agents');
      expect((await strict.adminText('/api/v1/status')).includes('"hosts":0')).toBe(true);
    },
  );

  it('may ask again when its host is on record with such a key, and only then, which is said loudly', async () => {
    await using upgraded = await startWorld({ enrollment: {} });
    const [older, current] = [newHost(), newHost()];
    await olderHost(upgraded, older, 'manager');
    await olderHost(upgraded, current, 'host');
    await upgraded.restart();
    expect(upgraded.logger.records.filter((one) => one.level === 'warn').map((one) => one.message)).toEqual([
      expect.stringContaining('The agents of 1 hosts on record are of the older generation'),
    ]);
    const audited = await upgraded.database.db
      .selectFrom('audit')
      .select('fields')
      .where('event', '=', 'legacy_door_open')
      .execute();
    expect(audited.map((one) => JSON.parse(one.fields) as object)).toEqual([{ rule: 'known', hosts: 1 }]);
    const status = JSON.parse(await upgraded.adminText('/api/v1/status')) as { data: object };
    expect(status.data).toMatchObject({ older_agents: { allowed: 'known', hosts: 1 } });
    const statusOf = async (facts: typeof older) => (await newOlderAgent(upgraded, facts).register()).status;
    expect(await statusOf(older)).toBe(202);
    expect(await statusOf(current)).toBe(403);
    expect(await statusOf({ ...newHost(), fqdn: older.fqdn })).toBe(403);
    expect(await statusOf({ ...newHost(), machine_id: older.machine_id })).toBe(403);
    expect(await statusOf(newHost())).toBe(403);
  });
});
