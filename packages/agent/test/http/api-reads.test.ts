import {
  AGENT_ROUTES,
  Health,
  JobList,
  PackageDetail,
  PackageList,
  PatchError,
  PatchList,
  ServiceList,
  ServiceState,
  SystemInfo,
} from '@linux-patch/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nothing } from '../job-requests.ts';
import { shelfInventory } from './shelf-inventory.ts';
import { call, startWorld, type World } from './world.ts';
import { INSTANCE_ID } from './world-services.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

const names = (data: unknown) => (data as { packages: { name: string }[] }).packages.map((one) => one.name);

describe('the routes', () => {
  it.each([
    ['/health', Health],
    ['/api/v1/health', Health],
    ['/api/v1/system/info', SystemInfo],
    ['/api/v1/system/services', ServiceList],
    ['/api/v1/packages', PackageList],
    ['/api/v1/packages/beta', PackageDetail],
    ['/api/v1/patches', PatchList],
    ['/api/v1/jobs', JobList],
  ])('answer GET %s as the contract says', async (path, schema) => {
    const { envelope, status } = await call(world, path);
    expect(status).toBe(200);
    expect(schema.safeParse(envelope.data).error).toBeUndefined();
  });

  it('list packages by pattern and status, in the order of versions or sizes, page by page', async () => {
    const list = async (query: string) => (await call(world, `/api/v1/packages?${query}`)).envelope.data;
    expect(names(await list(''))).toEqual(['alpha', 'beta', 'gamma']);
    expect(names(await list('name=*a*&order=desc'))).toEqual(['gamma', 'beta', 'alpha']);
    expect(names(await list('status=Upgradable'))).toEqual(['beta', 'gamma']);
    expect(names(await list('status=held'))).toEqual(['gamma']);
    expect(names(await list('sort=version'))).toEqual(['gamma', 'alpha', 'beta']);
    expect(names(await list('sort=size&order=desc'))).toEqual(['gamma', 'beta', 'alpha']);
    expect(await list('limit=1&offset=1')).toMatchObject({ total: 3, limit: 1, offset: 1 });
    expect(names(await list('limit=1&offset=1'))).toEqual(['beta']);
    expect(names(await list('name=nothing'))).toEqual([]);
  });

  it('filter patches', async () => {
    const { envelope } = await call(world, '/api/v1/patches?security=true&severity=high');
    expect(envelope.data).toMatchObject({ total: 1, security_updates: 1, patches: [{ name: 'beta' }] });
  });

  it('say that a package or job does not exist', async () => {
    const id = 'f4a0bd0e-5c38-4a9e-9d3a-3d4f6f0c9a11';
    expect((await call(world, '/api/v1/packages/nope')).envelope.error?.code).toBe('PKG_NOT_FOUND');
    expect((await call(world, `/api/v1/jobs/${id}`)).envelope.error?.code).toBe('JOB_NOT_FOUND');
    expect((await call(world, '/api/v1/jobs/42')).envelope.error?.code).toBe('INVALID_REQUEST');
  });

  it('name the instance in health, and tell nobody anything else who means another', async () => {
    const headers = { 'linux-patch-instance': 'f4a0bd0e-5c38-4a9e-9d3a-3d4f6f0c9a11' };
    const { rootHealth, health, ...others } = AGENT_ROUTES;
    for (const { path } of [rootHealth, health]) {
      const { status, envelope } = await call(world, path, { headers });
      expect([status, envelope.data]).toMatchObject([200, { instance_id: INSTANCE_ID }]);
    }
    const reads = Object.values(others).filter((route) => route.method === 'GET');
    expect(reads.length).toBeGreaterThan(7);
    for (const { path } of reads) {
      const one = path.replace('{name}', 'alpha').replace('{id}', 'f4a0bd0e-5c38-4a9e-9d3a-3d4f6f0c9a11');
      const { status, envelope } = await call(world, one, { headers });
      expect([one, status, envelope.error?.code]).toEqual([one, 410, 'INSTANCE_MISMATCH']);
      const meant = await call(world, one, { headers: { 'linux-patch-instance': INSTANCE_ID } });
      expect(meant.status, one).not.toBe(410);
    }
  });

  it('list the services that run, or only those that are not known to run what is on the disk now', async () => {
    const service = (name: string, old_code: 'yes' | 'no' | 'unknown') => ({
      name,
      manager: 'systemd' as const,
      processes: 1,
      old_code,
      outdated: [],
    });
    const services = [
      service('a.service', 'no'),
      service('b.service', 'unknown'),
      service('c.service', 'yes'),
    ];
    const rest = { others: [], elsewhere: 0, unknown: [], left_out: 0, complete: false };
    const listServices = async () => ({ services, ...rest, looked_at: new Date(0).toISOString() });
    await using running = await startWorld({ app: { listServices } });
    const list = async (query: string) =>
      (await call(running, `/api/v1/system/services${query}`)).envelope.data;
    expect(await list('')).toMatchObject({ services });
    expect(await list('?outdated=false')).toMatchObject({ services });
    expect(await list('?outdated=true')).toMatchObject({ services: services.slice(1), complete: false });
  });

  it('tell how one service is, and say that there is none of a name', async () => {
    const state = {
      display_name: 'OpenBSD Secure Shell server',
      load_state: 'loaded',
      active_state: 'active',
      sub_state: 'running',
      enabled_state: 'enabled',
      main_pid: 253,
      since: '2026-11-29T08:50:55.000Z',
      healthy: true,
      old_code: 'no' as const,
      outdated: [],
    };
    const serviceState = async (name: string) => ({ name, ...state });
    await using running = await startWorld({ app: { serviceState } });
    const { envelope } = await call(running, '/api/v1/system/services/getty%40tty1.service');
    expect(ServiceState.parse(envelope.data)).toEqual({ name: 'getty@tty1.service', ...state });
    const gone = await call(world, '/api/v1/system/services/gone.service');
    expect([gone.status, gone.envelope.error?.code]).toEqual([404, 'SERVICE_NOT_FOUND']);
  });

  it.each([
    '-ssh.service',
    '*.service',
    'ssh',
    'ssh.socket',
    'getty%40.service',
    'a%2Fb.service',
    'a%20b.service',
  ])('take no %s for the name of a service', async (name) => {
    const { status, envelope } = await call(world, `/api/v1/system/services/${name}`);
    expect([status, envelope.error?.code]).toEqual([400, 'INVALID_REQUEST']);
  });

  it('tell that packages are half installed, or lack what they need', async () => {
    const inventory = { ...shelfInventory(), isDatabaseClean: async () => false };
    await using broken = await startWorld({ app: { inventory } });
    const infoOf = async (one: World) =>
      SystemInfo.parse((await call(one, '/api/v1/system/info')).envelope.data).package_db_clean;
    expect([await infoOf(broken), await infoOf(world)]).toEqual([false, true]);
  });

  it('never call an unknown number of updates none', async () => {
    const unknown = new PatchError('SERVICE_UNHEALTHY', 'Which updates wait is not known');
    await using blind = await startWorld({
      app: { inventory: { ...shelfInventory(), listPatches: () => Promise.reject(unknown) } },
    });
    for (const path of ['/api/v1/patches', '/api/v1/packages?status=upgradable']) {
      const { status, envelope } = await call(blind, path);
      expect([status, envelope.error?.code]).toEqual([503, 'SERVICE_UNHEALTHY']);
    }
    expect((await call(blind, '/api/v1/packages')).status).toBe(200);
  });

  it('tell what a listing stands on, and ask the sources for news when they are told to', async () => {
    let refreshed = 0;
    await using asked = await startWorld({ app: { refreshNow: async () => void (refreshed += 1) } });
    const lists = async (path: string) => {
      const { data } = (await call(asked, path)).envelope;
      return (data as { lists?: unknown }).lists;
    };
    expect(await lists('/api/v1/patches')).toMatchObject({ status: 'unknown', refreshed_at: null });
    await asked.cache.noteRefreshed({ failed: [], healthy: [] });
    expect(await lists('/api/v1/packages')).toMatchObject({
      status: 'fresh',
      message: 'ok',
      refreshed_at: expect.stringMatching(/^20/),
      sources: [{ uri: 'http://toys.example/dists/stable/', label: 'Toy', security: true, present: true }],
    });
    expect(refreshed).toBe(0);
    await lists('/api/v1/patches?refresh=true');
    await lists('/api/v1/packages?refresh=true');
    expect(refreshed).toBe(2);
  });

  it('are told whatever time the owner of a source has written into it', async () => {
    const [source] = await shelfInventory().sources();
    if (!source) throw new Error('the shelf has a source');
    const odd = [1e20, -1, Date.UTC(10_000, 0)].map((ms) => ({
      ...source,
      publishedAtMs: ms,
      validUntilMs: ms,
    }));
    const inventory = { ...shelfInventory(), sources: async () => odd };
    await using asked = await startWorld({ app: { inventory } });
    const { lists } = PatchList.parse((await call(asked, '/api/v1/patches')).envelope.data);
    expect(lists?.sources.map((one) => [one.published_at, one.valid_until])).toEqual([
      [null, null],
      [null, null],
      [null, null],
    ]);
  });

  it.each(['/api/v1/packages', '/api/v1/patches'])(
    'answer %s with 304 and nothing else while the same question has the same answer',
    async (path) => {
      let state = 'one';
      const inventory = { ...shelfInventory(), revision: async () => state };
      await using listed = await startWorld({ app: { inventory } });
      const ask = (at: string, tag = '') =>
        call(listed, at, { headers: tag === '' ? {} : { 'if-none-match': tag } });
      const first = await ask(path);
      const tag = String(first.headers['etag']);
      expect(first.envelope.data).toMatchObject({ revision: 'one' });
      expect(first.headers['cache-control']).toBe('private, no-cache');
      for (const known of [tag, tag.slice(2), `"other", ${tag}`, '*']) {
        const again = await ask(path, known);
        expect([again.status, again.text, again.headers['etag']]).toEqual([304, '', tag]);
        expect(again.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
      }
      for (const other of ['?limit=1', '?offset=1', '?order=desc']) {
        const { status, headers } = await ask(`${path}${other}`, tag);
        expect([status, headers['etag'] === tag]).toEqual([200, false]);
      }
      expect((await ask(`${path}?refresh=true`, tag)).status).toBe(304);
      state = 'two';
      expect((await ask(path, tag)).envelope.data).toMatchObject({ revision: 'two' });
      state = 'one';
      expect((await ask(path, tag)).status).toBe(304);
      // What a listing stands on is part of the answer.
      await listed.cache.noteRefreshed({ failed: [], healthy: [] });
      expect((await ask(path, tag)).status).toBe(200);
    },
  );

  it('make the reasons for what stays anew for everybody who asks', async () => {
    const { status, headers } = await call(world, '/api/v1/patches?explain=true', {
      headers: { 'if-none-match': '*' },
    });
    expect([status, headers['etag']]).toEqual([200, undefined]);
  });

  it('find jobs by the spellings of older clients, newest first', async () => {
    await world.jobs.submit(nothing);
    const found = async () =>
      JobList.parse(
        (await call(world, '/api/v1/jobs?operation=patchapply&status=Completed&limit=5')).envelope.data,
      ).jobs;
    await expect.poll(async () => (await found()).length).toBeGreaterThan(0);
    expect((await found()).every((job) => job.operation === 'patch_apply')).toBe(true);
    const all = JobList.parse((await call(world, '/api/v1/jobs')).envelope.data).jobs;
    expect(all.map((job) => job.created_at)).toEqual(
      all
        .map((job) => job.created_at)
        .toSorted()
        .toReversed(),
    );
  });
});

describe('health', () => {
  it('is degraded with a reason, still 200, and asks for a refresh without waiting for it', async () => {
    let asked = 0;
    await using sick = await startWorld({
      app: {
        packageHealth: () => ({ words: 'dpkg was interrupted', atMs: Date.UTC(2026, 10, 28) }),
        refreshInBackground: () => (asked += 1),
      },
    });
    await sick.cache.noteFailure(new Error('no route to mirror'));
    const { status, envelope } = await call(sick, '/api/v1/health');
    expect(status).toBe(200);
    expect(envelope.data).toMatchObject({
      status: 'degraded',
      cache_status: 'failed',
      last_package_check: '2026-11-28T00:00:00.000Z',
      checks: { package_manager: 'dpkg was interrupted', package_cache: expect.stringContaining('no route') },
    });
    expect(asked).toBe(1);
  });
});
