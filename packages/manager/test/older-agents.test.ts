import { X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findAuditBreak } from '../src/audit/audit-log.ts';
import { newHost, newOlderAgent } from './agents.ts';
import { startWorld, type World } from './world.ts';

const HOUR_MS = 3_600_000;

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

describe('an agent of the older generation', () => {
  it('gets exactly the shapes it knows, and the same bundle as often as it asks', async () => {
    const agent = newOlderAgent(world);
    const answer = await agent.register();
    expect([answer.status, Object.keys(answer.json())]).toEqual([202, ['polling_token']]);
    expect((await agent.poll()).json()).toEqual({ status: 'pending' });
    expect((await agent.approve()).json().data).toMatchObject({ generation: 'older', key_id: null });
    const bundle = (await agent.poll()).json();
    expect(Object.keys(bundle).sort()).toEqual([
      'ca_chain',
      'ca_crt',
      'crl_pem',
      'server_crt',
      'server_key',
      'status',
    ]);
    expect((await agent.poll()).json()).toEqual(bundle);
    await world.restart();
    expect((await agent.poll()).json()).toEqual(bundle);
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

  it('asking again with the same facts from the same address keeps its request', async () => {
    const agent = newOlderAgent(world);
    await agent.register();
    const old = agent.token;
    expect((await agent.register()).status).toBe(202);
    expect(agent.token).not.toBe(old);
    const { enrollments } = (await world.admin('/enrollments')).json().data;
    expect(enrollments.filter((one) => one.fqdn === agent.facts.fqdn)).toHaveLength(1);
    expect((await agent.poll()).json()).toEqual({ status: 'pending' });
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
    await world.clock.advance(1_000);
    await world.database.db
      .updateTable('hosts')
      .set({ last_seen_at: world.clock.now() })
      .where('fqdn', '=', reached.facts.fqdn)
      .execute();
    await newOlderAgent(world).register();
    expect(await bundleOf(reached.facts.fqdn)).toEqual({ state: 'installed', bundle: null });
    expect((await bundleOf(silent.facts.fqdn)).bundle).toContain('PRIVATE KEY');
    await world.clock.advance(25 * HOUR_MS);
    await newOlderAgent(world).register();
    expect((await bundleOf(silent.facts.fqdn)).bundle).toBeNull();
    expect((await silent.poll()).json()).toEqual({ status: 'notfound' });
  });

  it('leaves a whole chain of what was done in the audit log', async () => {
    expect(await findAuditBreak(world.database.db)).toBeUndefined();
    const events = await world.database.db.selectFrom('audit').select('event').distinct().execute();
    expect(events.map((one) => one.event).sort()).toEqual([
      'enrollment_approved',
      'enrollment_bundle_sent',
      'enrollment_denied',
      'enrollment_expired',
      'enrollment_installed',
      'enrollment_requested',
      'enrollment_taken_up',
      'manager_started',
      'manager_stopped',
      'own_certificate_recorded',
    ]);
  });
});

describe('with enrollment.allow_legacy_agents: false', () => {
  it('an agent that cannot make its own key is refused, and told why', async () => {
    await using strict = await startWorld({ enrollment: { allow_legacy_agents: false } });
    const answer = await newOlderAgent(strict).register();
    expect([answer.status, answer.json().error.code]).toEqual([403, 'FORBIDDEN']);
    expect(answer.json().error.message).toContain('allow_legacy_agents');
  });
});
