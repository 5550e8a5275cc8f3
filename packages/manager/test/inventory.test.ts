import type { FleetInventory, HostPackages, Job } from '@linux-patch/contract';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { decodeIds } from '../src/inventory/id-set.ts';
import { agentJob } from './agent-job.ts';
import {
  dataOf,
  type Facts,
  FRESH,
  has,
  installed,
  inventoryWorld,
  joinListed,
  type ListedHost,
  nextListingOf,
  waiting,
} from './listed-hosts.ts';
import { joinListening } from './listening-agent.ts';
import type { World } from './world.ts';

const HOUR_MS = 3_600_000;
const JOB = agentJob({}).job_id;

let world: World;
beforeEach(async () => {
  world = await inventoryWorld();
});
afterEach(() => world[Symbol.asyncDispose]());

const listedHost = (...facts: Facts) => joinListed(world, ...facts);
const nextListing = (host: ListedHost) => nextListingOf(world, host);
const fleet = async (query = '') => dataOf<FleetInventory>(await world.admin(`/inventory${query}`));
const packagesOf = async ({ fqdn }: ListedHost, query = '') =>
  dataOf<HostPackages>(await world.admin(`/hosts/${fqdn}/inventory${query}`));

const dictionary = () => world.database.db.selectFrom('package_versions').selectAll().orderBy('id').execute();
const changes = async () => {
  const rows = await world.database.db.selectFrom('package_changes').selectAll().execute();
  const names = new Map((await dictionary()).map((row) => [row.id, `${row.name} ${row.version}`]));
  const shown = (ids: Uint8Array) => decodeIds(ids).map((id) => names.get(id));
  return rows.map((row) => ({ job: row.job_id, removed: shown(row.removed), added: shown(row.added) }));
};

/** Without the question whether a reboot is needed, which follows every listing. */
const aboutPackages = <T extends { readonly path: string }>(asked: readonly T[]): T[] =>
  asked.filter(({ path }) => path !== '/api/v1/system/info');

describe('the inventory of the fleet', () => {
  it('knows what a host has and what waits on it, and says how old that is', async () => {
    await using host = await listedHost(
      [installed('openssl', '3.0.11-1'), installed('curl', '7.88.1-10')],
      [waiting('openssl', '3.0.11-1', '3.0.15-1', { security: true })],
    );
    const { figures, hosts, total } = await fleet();
    expect(figures).toMatchObject({ hosts: 1, current: 0, behind: 1, unknown: 0, security: 1 });
    expect([total, hosts]).toMatchObject([
      1,
      [{ fqdn: host.fqdn, state: 'behind', reason: null, packages: 2, updates: 1, security_updates: 1 }],
    ]);
    expect(figures.oldest_listed_at).toBe(hosts[0]?.listed_at);
    expect((await fleet('?limit=10000')).hosts).toEqual(hosts);
    expect((await world.admin('/inventory?limit=10001')).status).toBe(400);
    const { packages } = await packagesOf(host);
    expect(packages.map((one) => [one.name, one.version, one.candidate, one.security])).toEqual([
      ['curl', '7.88.1-10', null, null],
      ['openssl', '3.0.11-1', '3.0.15-1', true],
    ]);
    expect((await packagesOf(host, '?name=open*&limit=1')).packages).toMatchObject([{ name: 'openssl' }]);
    expect(await packagesOf(host, '?offset=1')).toMatchObject({ total: 2, packages: [{ name: 'openssl' }] });
  });

  it('asks by the name of what it has, and nothing is sent twice', async () => {
    await using host = await listedHost([installed('curl', '1')]);
    expect((await fleet()).figures).toMatchObject({ current: 1 });
    const before = (await fleet()).hosts[0]?.listed_at;
    const count = host.asked.length;
    await nextListing(host);
    const asked = aboutPackages(host.asked.slice(count));
    expect(asked.map((one) => [one.path, one.headers['if-none-match'] !== undefined])).toEqual([
      ['/api/v1/patches', true],
      ['/api/v1/packages', true],
    ]);
    const [now] = (await fleet()).hosts;
    expect(now).toMatchObject({ state: 'current', packages: 1 });
    expect(Date.parse(now?.listed_at ?? '')).toBeGreaterThan(Date.parse(before ?? ''));
    expect(await world.database.db.selectFrom('package_sets').select('rev').execute()).toEqual([{ rev: 1 }]);
  });

  it('asks for no packages while the host names them as it did before, however often it checks its lists', async () => {
    await using host = await listedHost([installed('curl', '1')]);
    const checked = (at: string, revision: string) => {
      const [packages, patches] = ['/api/v1/packages', '/api/v1/patches'].map((path) => host.said(path));
      host.tell('/api/v1/packages', { ...packages, revision });
      host.tell('/api/v1/patches', { ...patches, revision, lists: { ...FRESH, refreshed_at: at } });
    };
    const asked = async () => {
      const count = host.asked.length;
      await nextListing(host);
      return aboutPackages(host.asked.slice(count)).map(({ path }) => path);
    };
    checked('2026-11-28T10:00:00.000Z', 'one');
    expect(await asked()).toContain('/api/v1/packages');
    checked('2026-11-28T11:00:00.000Z', 'one');
    expect(await asked()).toEqual(['/api/v1/patches']);
    has(host, [installed('curl', '2')]);
    checked('2026-11-28T12:00:00.000Z', 'two');
    expect(await asked()).toContain('/api/v1/packages');
    expect((await packagesOf(host)).packages).toMatchObject([{ name: 'curl', version: '2' }]);
  });

  it('a listing that failed keeps the last good one and makes the host unknown, never current', async () => {
    await using host = await listedHost([installed('curl', '1')]);
    const [before] = (await fleet()).hosts;
    host.fail('/api/v1/patches', 'PKG_MANAGER_ERROR');
    await nextListing(host);
    const { figures, hosts } = await fleet('?state=unknown');
    expect(figures).toEqual({
      hosts: 1,
      current: 0,
      behind: 0,
      unknown: 1,
      not_asked: 0,
      security: 0,
      oldest_listed_at: null,
    });
    expect(hosts).toMatchObject([{ state: 'unknown', packages: 1, listed_at: before?.listed_at }]);
    expect(hosts[0]?.reason).toContain('PKG_MANAGER_ERROR');
    expect((await packagesOf(host)).packages).toMatchObject([{ name: 'curl', version: '1' }]);
    const warned = world.logger.records.filter((one) => one.message.startsWith('A host could not be listed'));
    expect(warned).toHaveLength(1);
    has(host, [installed('curl', '1')]);
    await nextListing(host);
    expect((await fleet()).figures).toMatchObject({ current: 1, unknown: 0 });
  });

  it('a host that cannot be reached, or that was never asked, is unknown', async () => {
    const host = await listedHost([installed('curl', '1')]);
    await host[Symbol.asyncDispose]();
    await nextListing(host);
    expect((await fleet()).hosts[0]).toMatchObject({ state: 'unknown', packages: 1 });
    await using other = await joinListening(world);
    const { figures, hosts } = await fleet();
    expect(figures).toMatchObject({ hosts: 2, current: 0, behind: 0, unknown: 2, not_asked: 1 });
    expect(hosts.find(({ fqdn }) => fqdn === other.fqdn)?.reason).toContain('not listed yet');
  });

  it('a listing that is not repeated in two intervals counts no more', async () => {
    await using _host = await listedHost([installed('curl', '1')]);
    await world.database.db
      .updateTable('package_sets')
      .set({ listed_at: world.clock.now() - 131 * 60_000 })
      .execute();
    expect((await fleet()).hosts[0]?.state).toBe('unknown');
    await world.database.db
      .updateTable('package_sets')
      .set({ listed_at: world.clock.now() + HOUR_MS })
      .execute();
    expect((await fleet()).hosts[0]?.state).toBe('unknown');
  });

  it.each([
    ['lists that are stale', { ...FRESH, status: 'stale' }, 'stale'],
    [
      'lists of which something is wrong',
      { ...FRESH, message: 'the mirror stands still' },
      'mirror stands still',
    ],
    [
      'a source without lists',
      {
        ...FRESH,
        sources: [
          {
            uri: 'http://deb.example.test/',
            label: null,
            suite: null,
            codename: null,
            security: true,
            present: false,
            published_at: null,
            valid_until: null,
          },
        ],
      },
      'http://deb.example.test/',
    ],
  ])('a host with %s is not current because nothing is known to wait', async (_what, lists, reason) => {
    await using host = await listedHost([installed('curl', '1')], [], lists);
    const [one] = (await fleet()).hosts;
    expect([one?.state, one?.updates]).toEqual(['unknown', 0]);
    expect(one?.reason).toContain(reason);
    has(host, [installed('curl', '1')], [waiting('curl', '1', '2')], lists);
    await nextListing(host);
    expect((await fleet()).hosts[0]?.state).toBe('behind');
  });

  it('a security update that the settings of the host hide waits all the same', async () => {
    await using host = await listedHost([installed('curl', '1')]);
    host.tell('/api/v1/patches', {
      patches: [],
      total: 0,
      security_updates: 0,
      requires_reboot: false,
      hidden_security: [{ name: 'curl', current_version: '1', security_version: '1+deb12u1' }],
      listed_at: '2026-11-28T09:00:00.000Z',
      lists: FRESH,
    });
    await nextListing(host);
    expect((await fleet()).figures).toMatchObject({ current: 0, behind: 1, security: 1 });
  });

  it('has one row for a package version, whoever has it, and another where its source differs', async () => {
    await using _one = await listedHost([installed('curl', '1'), installed('nginx', '1')]);
    await using _other = await listedHost([
      installed('curl', '1'),
      installed('nginx', '1', { source_name: 'evil' }),
    ]);
    expect((await dictionary()).map((row) => [row.eco, row.name, row.version, row.source_name])).toEqual([
      ['dpkg', 'curl', '1', 'curl'],
      ['dpkg', 'nginx', '1', 'nginx'],
      ['dpkg', 'nginx', '1', 'evil'],
    ]);
    await expect(
      world.database.db.updateTable('package_versions').set({ source_name: 'curl' }).execute(),
    ).rejects.toThrow('insert-only');
  });

  it('takes all of a host that was never listed, then at most 2,000 new package versions a day, and says how it goes on', async () => {
    const many = (version: string) =>
      Array.from({ length: 2_500 }, (_, index) => installed(`p${index}`, version));
    await using host = await listedHost(many('1'));
    expect((await fleet()).hosts[0]).toMatchObject({ state: 'current', packages: 2_500 });
    // The day after: what came with the first listing does not count against it.
    world.clock.setWallClock(world.clock.now() + 24 * HOUR_MS);
    has(host, many('2'));
    await nextListing(host);
    const [one] = (await fleet()).hosts;
    expect(one).toMatchObject({ state: 'unknown', packages: 2_500 });
    expect(one?.reason).toContain('500 are left');
    expect(await dictionary()).toHaveLength(4_500);
    world.clock.setWallClock(world.clock.now() + 24 * HOUR_MS);
    await nextListing(host);
    expect((await fleet()).hosts[0]).toMatchObject({ fqdn: host.fqdn, state: 'current', packages: 2_500 });
  });

  it.each([
    [
      'more packages than any host has',
      Array.from({ length: 20_001 }, (_, index) => installed(`p${index}`, '1')),
    ],
    ['a name that acts on a terminal', [installed('curl\u001b[31m', '1')]],
    ['a version that never ends', [installed('curl', '1'.repeat(300))]],
  ])('does not take %s', async (_what, packages) => {
    await using _host = await listedHost(packages);
    expect((await fleet()).hosts[0]).toMatchObject({ state: 'unknown', packages: 0 });
    expect(await dictionary()).toEqual([]);
  });

  it('does not take a part for the whole', async () => {
    await using host = await listedHost([installed('curl', '1')]);
    host.tell('/api/v1/packages', { packages: [], total: 1 });
    await nextListing(host);
    expect((await fleet()).hosts[0]).toMatchObject({ state: 'unknown', packages: 1 });
  });

  it('gives a change to the job that made it, and the rest to somebody outside', async () => {
    await using host = await listedHost([
      installed('curl', '1'),
      installed('nginx', '1'),
      installed('vim', '1'),
    ]);
    host.tell(`/api/v1/jobs/${JOB}`, job('running'));
    const path = `/api/v1/hosts/${host.fqdn}/patches/apply`;
    const answer = await world.local({ path, method: 'POST', body: { all: true } });
    expect([answer.status, answer.text]).toEqual([202, expect.stringContaining(JOB)]);
    has(host, [installed('curl', '2'), installed('nginx', '1.1')]);
    const asked = () => host.asked.filter(({ path }) => path === `/api/v1/jobs/${JOB}`).length;
    await pass(async () => asked() > 0);
    expect(await changes()).toEqual([]);
    host.tell(`/api/v1/jobs/${JOB}`, job('completed'));
    await pass(async () => (await changes()).length > 0);
    expect((await changes()).toSorted((a, b) => String(a.job).localeCompare(String(b.job)))).toEqual([
      { job: JOB, removed: ['curl 1'], added: ['curl 2'] },
      { job: null, removed: ['nginx 1', 'vim 1'], added: ['nginx 1.1'] },
    ]);
    expect(await world.database.db.selectFrom('started_jobs').selectAll().execute()).toEqual([]);
  });

  it('gives a change to the job that root of the host had done there', async () => {
    await using host = await listedHost([installed('curl', '1'), installed('nginx', '1')]);
    const done = { ...job('completed'), by_root: true, completed_at: '2026-01-01T00:00:00.000Z' };
    host.tell('/api/v1/jobs?limit=50&sort=created_at&order=desc', {
      jobs: [done],
      total: 1,
      limit: null,
      offset: 0,
    });
    host.tell(`/api/v1/jobs/${JOB}`, done);
    has(host, [installed('curl', '2'), installed('nginx', '1.1')]);
    await nextListing(host);
    expect((await changes()).toSorted((a, b) => String(a.job).localeCompare(String(b.job)))).toEqual([
      { job: JOB, removed: ['curl 1'], added: ['curl 2'] },
      { job: null, removed: ['nginx 1'], added: ['nginx 1.1'] },
    ]);
  });

  it('says of what waits why it would stay, as far as the listing tells', async () => {
    await using host = await listedHost(
      [installed('curl', '1'), installed('nginx', '1')],
      [waiting('curl', '1', '2', { held: true, phased: true }), waiting('nginx', '1', '2')],
    );
    const { packages } = await packagesOf(host);
    expect(packages.map((one) => [one.name, one.stays])).toEqual([
      ['curl', ['held', 'phased']],
      ['nginx', []],
    ]);
  });

  it('goes with its host', async () => {
    await using host = await listedHost([installed('curl', '1')], [waiting('curl', '1', '2')]);
    expect((await world.remove(`/hosts/${host.fqdn}`)).status).toBe(200);
    for (const table of ['package_sets', 'host_updates'] as const)
      expect(await world.database.db.selectFrom(table).selectAll().execute()).toEqual([]);
    expect((await fleet()).figures).toMatchObject({ hosts: 0, unknown: 0 });
  });
});

/** Lets little time pass until something is so. */
async function pass(isSo: () => Promise<boolean>) {
  await expect
    .poll(async () => {
      if (await isSo()) return true;
      await world.advance(1_000);
      return false;
    })
    .toBe(true);
}

const job = (status: Job['status']) =>
  agentJob({
    status,
    results: [{ name: 'curl', action: 'upgraded', version_before: '1', version_after: '2' }],
  });
