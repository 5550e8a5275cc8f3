import type { Host, HostList, JoinToken, Labels } from '@linux-patch/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newAgent, newHost, renew } from './agents.ts';
import { joinedByToken, joinedHost } from './joined-host.ts';
import { dataOf } from './known-host.ts';
import { startWorld, TESTER, type World } from './world.ts';

let world: World;
let kept: { readonly fqdn: string };
beforeAll(async () => {
  world = await startWorld();
  kept = await joined({ kept: 'yes' });
});
afterAll(() => world[Symbol.asyncDispose]());

/** A host that has joined, with its labels. */
async function joined(labels: Readonly<Record<string, string>> = {}, facts = newHost()) {
  const host = await joinedHost(world, facts);
  if (Object.keys(labels).length > 0) expect((await label(facts.fqdn, { set: labels })).status).toBe(200);
  return host;
}

const put = (path: string, body: object) => world.local({ method: 'PUT', path: `/api/v1${path}`, body });
const label = (fqdn: string, body: object) => put(`/hosts/${fqdn}/labels`, body);
const hostOf = async (fqdn: string) => dataOf<Host>(await world.admin(`/hosts/${fqdn}`));
const chosen = async (hosts: string) =>
  dataOf<HostList>(await world.admin(`/hosts?hosts=${encodeURIComponent(hosts)}`)).hosts.map(
    ({ fqdn }) => fqdn,
  );

async function audited(event: string, fqdn: string) {
  const rows = await world.database.db
    .selectFrom('audit')
    .select(['actor', 'fields'])
    .where('event', '=', event)
    .orderBy('seq')
    .execute();
  return rows
    .map(({ actor, fields }) => ({ actor, ...(JSON.parse(fields) as { fqdn?: string }) }))
    .filter((row) => row.fqdn === fqdn);
}

/** A host that comes with a join token for these labels. */
const joinedBy = (labels: Labels, facts = newHost()) => joinedByToken(world, { labels }, facts);

describe('labels of a host', () => {
  it('are set and removed by people, each change on record once', async () => {
    const { fqdn } = await joined();
    expect((await hostOf(fqdn)).labels).toEqual({});
    await label(fqdn, { set: { env: 'prod', site: 'A-1' } });
    const answer = await label(fqdn, { set: { env: 'test', site: 'A-1' }, remove: ['rack'] });
    expect(dataOf<Host>(answer).labels).toEqual({ env: 'test', site: 'A-1' });
    await label(fqdn, { set: { env: 'test' } });
    await label(fqdn, { remove: ['site', 'site'] });
    expect((await hostOf(fqdn)).labels).toEqual({ env: 'test' });
    expect(await audited('host_labels_changed', fqdn)).toMatchObject([
      { actor: TESTER, set: { env: 'prod', site: 'A-1' }, removed: [] },
      { actor: TESTER, set: { env: 'test' }, removed: [] },
      { actor: TESTER, set: {}, removed: ['site'] },
    ]);
  });

  it.each([
    [{ set: { Env: 'prod' } }],
    [{ set: { 'a b': 'prod' } }],
    [{ set: { env: '' } }],
    [{ set: { env: 'a,b' } }],
    [{ set: { env: 'a*' } }],
    [{ set: { env: 'a\u001b[31m' } }],
    [{ set: { ['k'.repeat(64)]: 'v' } }],
    [{ set: { env: 'v'.repeat(64) } }],
    [{ set: { env: 1 } }],
    [{ set: JSON.parse('{"__proto__":"x"}') as object }],
    [{ set: { env: 'prod' }, remove: ['env'] }],
    [{ set: {} }],
    [{}],
    [{ labels: { env: 'prod' } }],
  ])('are not %j', async (body) => {
    const answer = await label(kept.fqdn, body);
    expect([answer.status, answer.json().error.code]).toEqual([400, 'INVALID_REQUEST']);
    expect((await hostOf(kept.fqdn)).labels).toEqual({ kept: 'yes' });
  });

  it('may be called as members that every object has', async () => {
    const { fqdn } = await joined();
    await label(fqdn, { remove: ['constructor'], set: { valueof: 'x' } });
    await label(fqdn, { set: { constructor: 'y' } });
    expect(Object.entries((await hostOf(fqdn)).labels)).toEqual([
      ['constructor', 'y'],
      ['valueof', 'x'],
    ]);
  });

  it('are 32 at most', async () => {
    const { fqdn } = await joined();
    const many = (count: number, letter: string) =>
      Object.fromEntries(Array.from({ length: count }, (_, number) => [`${letter}${number}`, 'v']));
    expect((await label(fqdn, { set: many(33, 'a') })).status).toBe(400);
    expect((await label(fqdn, { set: many(31, 'a') })).status).toBe(200);
    const more = await label(fqdn, { set: many(2, 'b') });
    expect([more.status, more.json().error.message]).toEqual([
      400,
      expect.stringContaining('would have 33 labels'),
    ]);
    expect((await label(fqdn, { set: many(2, 'b'), remove: ['a0'] })).status).toBe(200);
    expect(Object.keys((await hostOf(fqdn)).labels)).toHaveLength(32);
  });

  it('stay when the host renews, asks again with its code, or tells of another system', async () => {
    const { fqdn, facts, bundle, agent } = await joined({ env: 'prod' });
    const current = { certificateChainPem: bundle.server_crt, keyPem: agent.keyPem };
    expect((await renew(world, current)).status).toBe(200);
    const told = { ...facts, os_details: { distro: 'debian', version: '13', labels: { env: 'own' } } };
    const anew = await newAgent(world, { facts: told });
    await anew.register();
    await anew.approve({ code: anew.code });
    expect((await anew.poll()).json().status).toBe('approved');
    expect((await hostOf(fqdn)).labels).toEqual({ env: 'prod' });
  });

  it('go with the record of the host', async () => {
    const { fqdn } = await joined({ gone: 'soon' });
    expect(await chosen('@gone=soon')).toEqual([fqdn]);
    expect((await world.remove(`/hosts/${fqdn}`)).status).toBe(200);
    const left = world.database.db.selectFrom('host_labels').selectAll().where('key', '=', 'gone');
    expect(await left.execute()).toEqual([]);
  });
});

describe('labels of a join token', () => {
  it('are those of the hosts that it lets in, by the word of who made it', async () => {
    const { agent, token } = await joinedBy({ env: 'prod', role: 'web' });
    const { fqdn } = agent.facts;
    expect(token.labels).toEqual({ env: 'prod', role: 'web' });
    expect(dataOf<JoinToken>(await world.admin(`/tokens/${token.id}`)).labels).toEqual(token.labels);
    expect((await hostOf(fqdn)).labels).toEqual(token.labels);
    expect(await audited('host_labels_changed', fqdn)).toMatchObject([
      { actor: `token:${token.id}`, set: { env: 'prod', role: 'web' }, removed: [] },
    ]);
  });

  it('are all that a host has which takes the name of one that left', async () => {
    const { fqdn, agent } = await joined({ env: 'prod', governed: 'strictly' });
    await world.database.db
      .updateTable('hosts')
      .set({ left_at: world.clock.now() })
      .where('fqdn', '=', fqdn)
      .execute();
    const pose = { ...newHost(), fqdn, hostname: agent.facts.hostname };
    await joinedBy({ env: 'test' }, pose);
    expect((await hostOf(fqdn)).labels).toEqual({ env: 'test' });
  });

  it('change nothing that people set since, when the same host asks again', async () => {
    const { agent, joinString } = await joinedBy({ env: 'prod' });
    const { fqdn } = agent.facts;
    await label(fqdn, { set: { env: 'test' } });
    const again = await newAgent(world, { joinString, facts: agent.facts, keyPem: agent.keyPem });
    expect((await again.register()).json().ext.token).toBe('accepted');
    expect((await hostOf(fqdn)).labels).toEqual({ env: 'test' });
  });

  it.each([[{ Env: 'prod' }], [{ env: 'a b' }], [['env']], ['env=prod']])('are not %j', async (labels) => {
    expect((await world.admin('/tokens', { labels })).status).toBe(400);
  });
});

describe('the note about a host', () => {
  it('is one line that people write, on record, and may be none', async () => {
    const { fqdn } = await joined();
    expect((await hostOf(fqdn)).note).toBeNull();
    expect(dataOf<Host>(await put(`/hosts/${fqdn}`, { note: 'Rack 3, ask Ada' })).note).toBe(
      'Rack 3, ask Ada',
    );
    await put(`/hosts/${fqdn}`, { agent_port: 12_444 });
    expect((await hostOf(fqdn)).note).toBe('Rack 3, ask Ada');
    for (const note of ['', 'two\nlines', 'n'.repeat(501), 3])
      expect([note, (await put(`/hosts/${fqdn}`, { note })).status]).toEqual([note, 400]);
    expect(dataOf<Host>(await put(`/hosts/${fqdn}`, { note: null })).note).toBeNull();
    expect(await audited('host_changed', fqdn)).toMatchObject([
      { actor: TESTER, note: 'Rack 3, ask Ada' },
      { agent_port: 12_444 },
      { note: null },
    ]);
  });
});

describe('hosts that are asked for', () => {
  it('are those with a label, also together with other words, and never those that left', async () => {
    const [one, two, three] = [
      await joined({ ask: 'x', tier: 'a' }),
      await joined({ ask: 'x', tier: 'b' }),
      await joined({ ask: 'y', tier: 'a' }),
    ];
    const names = [one, two, three].map(({ fqdn }) => fqdn).toSorted();
    expect(await chosen('@ask=x')).toEqual([one.fqdn, two.fqdn].toSorted());
    expect(await chosen('@ask=x+@tier=a')).toEqual([one.fqdn]);
    expect(await chosen(`@ask=x,${three.fqdn}`)).toEqual(names);
    expect(await chosen('@ask=y+@unknown')).toEqual([three.fqdn]);
    const { db } = world.database;
    await db.updateTable('hosts').set({ left_at: 1 }).where('fqdn', '=', two.fqdn).execute();
    expect(await chosen('@ask=x')).toEqual([one.fqdn]);
    expect(await chosen('@all')).not.toContain(two.fqdn);
  });

  it.each([
    ['@ask=nothing', 404, 'HOST_NOT_FOUND', /@ask=nothing means no host now/],
    ['@ask', 400, 'INVALID_REQUEST', /@ask means nothing: it is @all, @reboot, @current/],
    ['@reboot', 404, 'HOST_NOT_FOUND', /means no host now/],
    ['nobody', 404, 'HOST_NOT_FOUND', /There is no host nobody/],
    ['x'.repeat(4_001), 400, 'INVALID_REQUEST', /hosts/],
    ['', 400, 'INVALID_REQUEST', /hosts/],
  ])('by %s are none', async (hosts, status, code, words) => {
    const answer = await world.admin(`/hosts?hosts=${encodeURIComponent(hosts)}`);
    expect([answer.status, answer.json().error]).toMatchObject([
      status,
      { code, message: expect.stringMatching(words) },
    ]);
  });
});
