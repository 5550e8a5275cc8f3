import type {
  HostChanges,
  KnownPackages,
  PackageHolders,
  PackageMissing,
  PackageUpdates,
  WaitingUpdates,
} from '@linux-patch/contract';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  dataOf,
  type Facts,
  has,
  installed,
  inventoryWorld,
  joinListed,
  type ListedHost,
  listed,
  nextListingOf,
  waiting,
} from './listed-hosts.ts';
import { joinListening } from './listening-agent.ts';
import type { World } from './world.ts';

let world: World;
beforeEach(async () => {
  world = await inventoryWorld();
});
afterEach(() => world[Symbol.asyncDispose]());

const listedHost = (...facts: Facts) => joinListed(world, ...facts);
const nextListing = (host: ListedHost) => nextListingOf(world, host);

describe('questions about the whole fleet', () => {
  const holders = async (name: string, query = '') =>
    dataOf<PackageHolders>(await world.admin(`/inventory/packages/${name}${query}`));

  it('which hosts have a package, by version as dpkg sorts them, the oldest first', async () => {
    await using one = await listedHost([installed('openssl', '3.0.15-1~deb12u1')]);
    await using two = await listedHost([installed('openssl', '3.0.9-1')]);
    await using three = await listedHost([installed('openssl', '3.0.15-1'), installed('curl', '1')]);
    const { hosts, versions, total, figures } = await holders('openssl');
    expect(hosts.map(({ fqdn, version, state }) => [fqdn, version, state])).toEqual([
      [two.fqdn, '3.0.9-1', 'current'],
      [one.fqdn, '3.0.15-1~deb12u1', 'current'],
      [three.fqdn, '3.0.15-1', 'current'],
    ]);
    expect(versions.map(({ version, hosts: on }) => [version, on])).toEqual([
      ['3.0.9-1', 1],
      ['3.0.15-1~deb12u1', 1],
      ['3.0.15-1', 1],
    ]);
    expect([total, figures.hosts]).toEqual([3, 3]);
    const older = await holders('openssl', '?below=3.0.15-1~deb12u1');
    expect([older.total, older.hosts.map(({ fqdn }) => fqdn), older.not_comparable]).toEqual([
      1,
      [two.fqdn],
      0,
    ]);
    expect((await holders('openssl', '?limit=1&offset=1')).hosts).toMatchObject([{ fqdn: one.fqdn }]);
    expect((await holders('nothing')).total).toBe(0);
    for (const wrong of ['?below=x:1', '?limit=1001', '?limit=0'])
      expect((await world.admin(`/inventory/packages/openssl${wrong}`)).status).toBe(400);
    expect((await world.admin('/inventory/packages/-rf')).status).toBe(400);
  });

  it('does not call older what it cannot compare', async () => {
    await using host = await joinListening(world);
    host.tell('/api/v1/system/info', { package_manager: 'apk' });
    has(host, [installed('openssl', '1.0-1')]);
    await listed(world, host, 15_000);
    expect(await holders('openssl')).toMatchObject({ total: 1 });
    expect(await holders('openssl', '?below=2')).toMatchObject({ total: 0, not_comparable: 1 });
  });

  it('compares versions of rpm as rpm does, which holds numbers for newer than letters', async () => {
    await using host = await joinListening(world);
    host.tell('/api/v1/system/info', { package_manager: 'dnf' });
    has(host, [installed('bind', '32:9.16.a-1.el9')]);
    await listed(world, host, 15_000);
    const below = async (version: string) => (await holders('bind', `?below=${version}`)).total;
    // dpkg holds letters for newer.
    expect(await below('32:9.16.1-1.el9')).toBe(1);
    expect(await below('32:9.16.a-1.el9')).toBe(0);
    expect(await below('9.17-1.el9')).toBe(0);
  });

  it('compares versions of pacman as pacman does, which counts what parts the segments', async () => {
    await using host = await joinListening(world);
    host.tell('/api/v1/system/info', { package_manager: 'pacman' });
    has(host, [installed('zlib', '1:1.3.1-2')]);
    await listed(world, host, 15_000);
    const below = async (version: string) => (await holders('zlib', `?below=${version}`)).total;
    expect(await below('1:1.3.1-3')).toBe(1);
    expect(await below('1:1.3..1-1')).toBe(1);
    expect(await below('1:1.3.1')).toBe(0);
    expect(await below('9.9-1')).toBe(0);
  });

  const missing = async (name: string, query = '') =>
    dataOf<PackageMissing>(await world.admin(`/inventory/packages/${name}/missing${query}`));

  it('which hosts lack a package, or have it only older than wanted; of one that was never listed nobody knows', async () => {
    await using one = await listedHost([installed('openssl', '3.0.15-1'), installed('chrony', '4.3-2')]);
    await using two = await listedHost([installed('openssl', '3.0.9-1')]);
    await using three = await listedHost([installed('vim', '1')]);
    await using alpine = await joinListening(world);
    alpine.tell('/api/v1/system/info', { package_manager: 'apk' });
    has(alpine, [installed('openssl', '1.0-1')]);
    await listed(world, alpine, 15_000);
    await using never = await joinListening(world);
    never.fail('/api/v1/patches', 'PKG_MANAGER_ERROR');
    await listed(world, never, 15_000);
    const lacks = async (name: string, query = '') => {
      const { hosts, total, not_comparable, not_listed } = await missing(name, query);
      return [
        new Set(hosts.map(({ fqdn, installed: has_ }) => [fqdn, ...has_].join(' '))),
        total,
        not_comparable,
        not_listed,
      ];
    };
    expect(await lacks('chrony')).toEqual([new Set([two.fqdn, three.fqdn, alpine.fqdn]), 3, 0, 1]);
    expect(await lacks('openssl')).toEqual([new Set([three.fqdn]), 1, 0, 1]);
    expect(await lacks('openssl', '?at_least=3.0.15-1')).toEqual([
      new Set([`${two.fqdn} 3.0.9-1`, three.fqdn]),
      2,
      1,
      1,
    ]);
    expect(await lacks('nothing')).toEqual([new Set([one.fqdn, two.fqdn, three.fqdn, alpine.fqdn]), 4, 0, 1]);
    const pages = await Promise.all(
      [0, 1, 2].map((offset) => missing('chrony', `?limit=1&offset=${offset}`)),
    );
    expect(pages.flatMap(({ hosts }) => hosts.map(({ fqdn }) => fqdn))).toEqual(
      [two.fqdn, three.fqdn, alpine.fqdn].sort(),
    );
    expect(pages.map(({ total }) => total)).toEqual([3, 3, 3]);
    expect((await world.admin('/inventory/packages/openssl/missing?at_least=x:1')).status).toBe(400);
    await world.remove(`/hosts/${three.fqdn}`);
    expect(await lacks('chrony')).toEqual([new Set([two.fqdn, alpine.fqdn]), 2, 0, 1]);
  });

  it('how many hosts have each version, of what any host ever named', async () => {
    await using one = await listedHost([installed('openssl', '3.0.9-1'), installed('curl', '1')]);
    await using two = await listedHost([installed('openssl', '3.0.9-1'), installed('openldap', '2')]);
    const known = async (query: string) => {
      const { packages, total, revision, figures } = dataOf<KnownPackages>(
        await world.admin(`/inventory/packages${query}`),
      );
      return {
        rows: packages.map((row) => `${row.name} ${row.version}: ${row.hosts}`),
        total,
        revision,
        figures,
      };
    };
    const before = await known('?name=open*');
    expect(before).toMatchObject({
      rows: ['openldap 2: 1', 'openssl 3.0.9-1: 2'],
      total: 2,
      figures: { hosts: 2 },
    });
    has(two, [installed('openssl', '3.0.15-1')]);
    await nextListing(two);
    const after = await known('?name=open*');
    expect(after.rows).toEqual(['openldap 2: 0', 'openssl 3.0.9-1: 1', 'openssl 3.0.15-1: 1']);
    expect(after.revision).toBeGreaterThan(before.revision);
    expect(await known('?limit=1&offset=3')).toMatchObject({ rows: ['openssl 3.0.15-1: 1'], total: 4 });
    await world.remove(`/hosts/${one.fqdn}`);
    expect((await known('')).rows[0]).toBe('curl 1: 0');
    // After a restart the index is read anew.
    await world.restart();
    expect((await known('')).rows).toEqual([
      'curl 1: 0',
      'openldap 2: 0',
      'openssl 3.0.9-1: 0',
      'openssl 3.0.15-1: 1',
    ]);
  });

  it('what waits on how many hosts: security first, each with how many of them are unknown', async () => {
    const fix = waiting('openssl', '1', '2', { security: true });
    await using one = await listedHost(
      [installed('openssl', '1'), installed('vim', '1')],
      [fix, waiting('vim', '1', '2', { held: true })],
    );
    await using two = await listedHost(
      [installed('vim', '1'), installed('nano', '1')],
      [waiting('vim', '1', '2'), waiting('nano', '1', '2', { security_known: false })],
    );
    two.fail('/api/v1/packages', 'PKG_MANAGER_ERROR');
    two.fail('/api/v1/patches', 'PKG_MANAGER_ERROR');
    await nextListing(two);
    const all = dataOf<WaitingUpdates>(await world.admin('/inventory/updates'));
    expect(all.updates.map((row) => [row.name, row.version, row.security, row.hosts, row.unknown])).toEqual([
      ['openssl', '2', true, 1, 0],
      ['vim', '2', false, 2, 1],
      ['nano', '2', null, 1, 1],
    ]);
    expect([all.total, all.figures]).toMatchObject([3, { hosts: 2, behind: 1, unknown: 1 }]);
    const security = dataOf<WaitingUpdates>(await world.admin('/inventory/updates?security=true'));
    expect([security.total, security.updates[0]?.name]).toEqual([1, 'openssl']);
    const { hosts, total } = dataOf<PackageUpdates>(await world.admin('/inventory/updates/vim'));
    expect(total).toBe(2);
    expect(hosts).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          fqdn: one.fqdn,
          installed_version: '1',
          version: '2',
          held: true,
          state: 'behind',
        }),
        expect.objectContaining({ fqdn: two.fqdn, held: false, state: 'unknown' }),
      ]),
    );
  });

  it('since when an update waits stays as it was while it waits', async () => {
    await using host = await listedHost([installed('vim', '1')], [waiting('vim', '1', '2')]);
    const since = async () =>
      dataOf<WaitingUpdates>(await world.admin('/inventory/updates')).updates.map((row) => row.first_seen_at);
    const first = await since();
    has(host, [installed('vim', '1')], [waiting('vim', '1', '2', { held: true })]);
    await nextListing(host);
    expect(await since()).toEqual(first);
    has(host, [installed('vim', '2')]);
    await nextListing(host);
    expect(await since()).toEqual([]);
  });

  it('what changed on a host, and that it was nobody’s job here', async () => {
    await using host = await listedHost([installed('curl', '1'), installed('vim', '1')]);
    has(host, [installed('curl', '2'), installed('nmap', '7')]);
    await nextListing(host);
    const read = dataOf<HostChanges>(await world.admin(`/hosts/${host.fqdn}/changes`));
    expect(read).toMatchObject({
      total: 1,
      changes: [
        {
          job_id: null,
          more: 0,
          packages: [
            { name: 'curl', before: '1', after: '2' },
            { name: 'nmap', before: null, after: '7' },
            { name: 'vim', before: '1', after: null },
          ],
        },
      ],
    });
  });
});
