import {
  AGENT_ROUTES,
  Envelope,
  Health,
  Job,
  JobAccepted,
  JobDeleted,
  JobList,
  PackageDetail,
  PackageList,
  PatchError,
  PatchList,
  SystemInfo,
} from '@linux-patch/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { shelfInventory } from './shelf-inventory.ts';
import { call, INSTANCE_ID, startWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

const names = (data: unknown) => (data as { packages: { name: string }[] }).packages.map((one) => one.name);

describe('every answer', () => {
  it.each([
    ['GET', '/health', 200],
    ['GET', '/api/v1/nothing', 404],
    ['GET', '/', 404],
    ['GET', '/api/v1/packages/', 404],
    ['GET', '//api/v1/packages', 404],
    ['POST', '/health', 405],
    ['PATCH', '/api/v1/packages/curl', 405],
    ['OPTIONS', '/api/v1/jobs', 405],
    ['TRACE', '/api/v1/jobs', 405],
    ['GET', '/api/v1/patches/apply', 405],
    ['GET', '/api/v1/ws/jobs', 400],
    ['GET', '/api/v1/packages/../jobs', 400],
    ['GET', '/api/v1/packages/%2e%2e', 400],
  ])('to %s %s carries the envelope and the status %i', async (method, path, status) => {
    const answer = await call(world, path, { method });
    expect(answer.status).toBe(status);
    expect(answer.headers['content-type']).toBe('application/json');
    expect(Envelope.safeParse(answer.envelope).success).toBe(true);
    expect(answer.envelope.success).toBe(status < 400);
    expect(answer.headers['x-request-id']).toBe(answer.envelope.request_id);
  });

  it('of a path that has other methods names them', async () => {
    const answer = await call(world, '/api/v1/packages/curl', { method: 'POST' });
    expect(answer.status).toBe(405);
    expect(answer.headers['allow']).toBe('GET, PUT, DELETE');
  });

  it('to HEAD is 405 without a body', async () => {
    const answer = await call(world, '/api/v1/health', { method: 'HEAD' });
    expect(answer).toMatchObject({ status: 405, text: '' });
  });

  it("keeps the caller's request id when it is a UUID and makes one otherwise", async () => {
    const id = '6f1c2a4e-9d1b-4c1a-8f3e-0a1b2c3d4e5f';
    const kept = await call(world, '/health', { headers: { 'x-request-id': id } });
    expect(kept.envelope.request_id).toBe(id);
    const made = await call(world, '/health', { headers: { 'x-request-id': 'mine' } });
    expect(made.envelope.request_id).not.toBe('mine');
  });

  it('is logged with the client, and changes are audited', async () => {
    await call(world, '/api/v1/packages/alpha', { method: 'DELETE', headers: { 'x-request-id': 'x' } });
    const record = world.logger.records.findLast((one) => one.message === 'request');
    expect(record?.fields).toMatchObject({ client: 'patch-manager-client', method: 'DELETE', status: 202 });
    expect((await world.audited()).at(-1)).toMatchObject({
      event: 'api_call',
      details: {
        client: 'patch-manager-client',
        path: '/api/v1/packages/alpha',
        request: { parameters: { name: 'alpha' } },
        job: expect.stringMatching(/^[0-9a-f-]{36}$/),
      },
    });
  });

  it('that changes something is audited with names, versions and options', async () => {
    const body = { packages: [{ name: 'alpha', version: '1.2-1' }], options: { allow_downgrade: true } };
    await call(world, '/api/v1/packages', { method: 'POST', body });
    const record = (await world.audited()).findLast((one) => one.event === 'api_call');
    expect(record?.details).toMatchObject({ path: '/api/v1/packages', status: 202, request: { body } });
  });

  it('to a fault nobody foresaw is INTERNAL_ERROR and tells nothing; the log has it under the same id', async () => {
    await using broken = await startWorld({
      app: { hostFacts: () => Promise.reject(new Error('secret detail /proc')) },
    });
    const answer = await call(broken, '/api/v1/system/info');
    expect(answer).toMatchObject({ status: 500, envelope: { error: { code: 'INTERNAL_ERROR' } } });
    expect(answer.text).not.toContain('secret detail');
    const record = broken.logger.records.find((one) => one.message === 'request failed');
    expect(JSON.stringify(record?.fields)).toContain('secret detail');
    expect(record?.fields['request_id']).toBe(answer.envelope.request_id);
  });
});

describe('the routes', () => {
  it.each([
    ['/health', Health],
    ['/api/v1/health', Health],
    ['/api/v1/system/info', SystemInfo],
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

  it('turn changes into jobs whose first status is pending', async () => {
    const install = await call(world, '/api/v1/packages', {
      method: 'POST',
      body: { packages: [{ name: 'alpha', version: null }] },
    });
    expect(install.status).toBe(202);
    expect(JobAccepted.parse(install.envelope.data)).toMatchObject({ operation: 'install', package: null });
    const update = await call(world, '/api/v1/packages/linux-patch-api', { method: 'PUT' });
    expect(JobAccepted.parse(update.envelope.data)).toMatchObject({
      operation: 'update',
      package: 'linux-patch-api',
    });
    const { job_id: id } = JobAccepted.parse(update.envelope.data);
    expect(Job.safeParse((await call(world, `/api/v1/jobs/${id}`)).envelope.data).error).toBeUndefined();
  });

  it.each([
    ['POST', '/api/v1/packages', { packages: [{ name: 'alpha' }] }],
    ['PUT', '/api/v1/packages/alpha', { version: '2.0' }],
    ['DELETE', '/api/v1/packages/alpha?purge=true', undefined],
    ['POST', '/api/v1/patches/apply', { packages: ['alpha'] }],
  ])('start %s %s once under one key, and nothing else under it', async (method, path, body) => {
    const headers = { 'idempotency-key': `once-${method}-${path}` };
    const ask = (given: object | undefined, at = path) =>
      call(world, at, { method, headers, ...(given ? { body: given } : {}) });
    const first = await ask(body);
    const again = await ask(body);
    expect([first.status, again.status]).toEqual([202, 202]);
    const { job_id: id } = JobAccepted.parse(first.envelope.data);
    expect(again.envelope.data).toEqual(first.envelope.data);
    const other = await (body ? ask({ ...body, options: {} }) : ask(undefined, '/api/v1/packages/alpha'));
    expect([other.status, other.envelope.error]).toMatchObject([
      409,
      { code: 'IDEMPOTENCY_CONFLICT', retryable: false, details: { job_id: id } },
    ]);
    const unnamed = await call(world, path, { method, ...(body ? { body } : {}) });
    expect(JobAccepted.parse(unnamed.envelope.data).job_id).not.toBe(id);
  });

  it('answer a repeated removal with its job when the package is gone', async () => {
    let installed = true;
    const shelf = shelfInventory();
    const listPackages = async () => (installed ? shelf.listPackages() : []);
    await using gone = await startWorld({ app: { inventory: { ...shelf, listPackages } } });
    const apply = () =>
      call(gone, '/api/v1/patches/apply', {
        method: 'POST',
        body: { packages: ['alpha'] },
        headers: { 'idempotency-key': 'k' },
      });
    const { data } = (await apply()).envelope;
    installed = false;
    expect((await apply()).envelope.data).toEqual(data);
  });

  it.each(['', ' ', 'two words', 'ü', 'x'.repeat(129)])(
    'refuse the key %j before anything else',
    async (key) => {
      const headers = { 'idempotency-key': key };
      const { status, envelope } = await call(world, '/api/v1/packages/alpha', { method: 'DELETE', headers });
      expect([status, envelope.error?.details]).toMatchObject([
        400,
        { faults: [{ path: 'headers.Idempotency-Key' }] },
      ]);
    },
  );

  it.each([
    ['POST', '/api/v1/packages', { packages: [{ name: 'alpha' }] }],
    ['PUT', '/api/v1/packages/alpha', {}],
    ['DELETE', '/api/v1/packages/alpha', undefined],
    ['POST', '/api/v1/patches/apply', { packages: [] }],
    ['DELETE', '/api/v1/jobs/f4a0bd0e-5c38-4a9e-9d3a-3d4f6f0c9a11', undefined],
    ['PUT', '/api/v1/identity/crl', { crl_pem: 'x' }],
    ['PUT', '/api/v1/identity/trust', {}],
  ])('refuse %s %s that is meant for another instance', async (method, path, body) => {
    const ask = (instance: string) =>
      call(world, path, {
        method,
        headers: { 'linux-patch-instance': instance },
        ...(body ? { body } : {}),
      });
    const jobs = world.jobs.list().length;
    const other = await ask('f4a0bd0e-5c38-4a9e-9d3a-3d4f6f0c9a11');
    expect([other.status, other.envelope.error]).toMatchObject([
      410,
      { code: 'INSTANCE_MISMATCH', details: { instance_id: INSTANCE_ID } },
    ]);
    expect((await ask('mine')).envelope.error?.code).toBe('INVALID_REQUEST');
    expect(world.jobs.list()).toHaveLength(jobs);
    expect((await ask(INSTANCE_ID)).envelope.error?.code).not.toBe('INSTANCE_MISMATCH');
  });

  it('name the instance in health, and let anybody read who means another', async () => {
    const headers = { 'linux-patch-instance': 'f4a0bd0e-5c38-4a9e-9d3a-3d4f6f0c9a11' };
    const { status, envelope } = await call(world, '/api/v1/health', { headers });
    expect([status, envelope.data]).toMatchObject([200, { instance_id: INSTANCE_ID }]);
  });

  it('complete an apply of the older form with an empty list at once', async () => {
    const answer = await call(world, AGENT_ROUTES.applyPatches.path, {
      method: 'POST',
      body: { packages: [], allow_reboot: false },
    });
    const { job_id: id } = JobAccepted.parse(answer.envelope.data);
    await expect
      .poll(async () => (await call(world, `/api/v1/jobs/${id}`)).envelope.data)
      .toMatchObject({ status: 'completed' });
    const deleted = await call(world, `/api/v1/jobs/${id}`, { method: 'DELETE' });
    expect(JobDeleted.parse(deleted.envelope.data)).toMatchObject({ action: 'deleted' });
  });

  it('refuse to apply patches of which none is installed; what waits for the others, the job finds out', async () => {
    const apply = (...packages: string[]) =>
      call(world, '/api/v1/patches/apply', { method: 'POST', body: { packages } });
    expect((await apply('nope')).envelope.error?.code).toBe('PATCH_NOT_FOUND');
    for (const name of ['alpha', 'beta', 'alpha:amd64']) expect((await apply(name, 'nope')).status).toBe(202);
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
    await asked.cache.noteRefreshed();
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
      await listed.cache.noteRefreshed();
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
    await world.jobs.submit({
      operation: 'patch_apply',
      selection: { kind: 'none' },
      exclude: [],
      reboot: false,
      rebootDelaySeconds: 0,
    });
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
      app: { packageManagerHealth: () => 'dpkg was interrupted', refreshInBackground: () => (asked += 1) },
    });
    await sick.cache.noteFailure(new Error('no route to mirror'));
    const { status, envelope } = await call(sick, '/api/v1/health');
    expect(status).toBe(200);
    expect(envelope.data).toMatchObject({
      status: 'degraded',
      cache_status: 'failed',
      checks: { package_manager: 'dpkg was interrupted', package_cache: expect.stringContaining('no route') },
    });
    expect(asked).toBe(1);
  });
});
