import { AGENT_ROUTES, Job, JobAccepted, JobDeleted } from '@linux-patch/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { shelfInventory } from './shelf-inventory.ts';
import { call, startWorld, type World } from './world.ts';
import { INSTANCE_ID } from './world-services.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

/** A request for each route that makes a job. */
const CHANGES: readonly (readonly [method: string, path: string, body: object | undefined])[] = [
  ['POST', '/api/v1/packages', { packages: [{ name: 'alpha' }] }],
  ['PUT', '/api/v1/packages/alpha', { version: '2.0' }],
  ['DELETE', '/api/v1/packages/alpha?purge=true', undefined],
  ['POST', '/api/v1/packages/hold', { packages: ['alpha'] }],
  ['POST', '/api/v1/packages/unhold', { packages: ['alpha'] }],
  ['POST', '/api/v1/patches/apply', { packages: ['alpha'] }],
  ['POST', '/api/v1/system/reboot', { delay_seconds: 600 }],
];
/** One more, which the policy of a host has to name. */
const RESTART = ['POST', '/api/v1/system/services/toyd.service/restart', {}] as const;
/** One without a body. */
const CANCEL_REBOOT = ['POST', '/api/v1/system/reboot/cancel', {}] as const;
/** And one that needs a job which has changed something; see `rollback.test.ts`. */
const ROLLBACK = ['POST', '/api/v1/jobs/f4a0bd0e-5c38-4a9e-9d3a-3d4f6f0c9a11/rollback', {}] as const;
const ALL_CHANGES = [...CHANGES, RESTART, CANCEL_REBOOT, ROLLBACK];

/** As good a request, for something else. */
function otherThan(path: string, body: object): object {
  if ('version' in body) return { version: '3.0' };
  if ('delay_seconds' in body) return { delay_seconds: 1_200 };
  return { packages: path === '/api/v1/packages' ? [{ name: 'linux-patch-api' }] : ['linux-patch-api'] };
}

describe('the routes', () => {
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

  it('that make jobs are all asked here', () => {
    const asking = Object.values(AGENT_ROUTES).filter(
      (route) => 'response' in route && route.response === JobAccepted,
    );
    const asked = asking.map(({ method, path }) =>
      ALL_CHANGES.some(
        ([by, at]) => by === method && new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]+')}(?:\\?|$)`).test(at),
      ),
    );
    expect(asked).toEqual(ALL_CHANGES.map(() => true));
  });

  it.each(CHANGES)(
    'start %s %s once under one key, and nothing else under it',
    async (method, path, body) => {
      const headers = { 'idempotency-key': `once-${method}-${path}` };
      const ask = (given: object | undefined, at = path) =>
        call(world, at, { method, headers, ...(given ? { body: given } : {}) });
      const first = await ask(body);
      const again = await ask(body);
      expect([first.status, again.status]).toEqual([202, 202]);
      const { job_id: id } = JobAccepted.parse(first.envelope.data);
      expect(again.envelope.data).toEqual(first.envelope.data);
      const other = await (body ? ask(otherThan(path, body)) : ask(undefined, '/api/v1/packages/alpha'));
      expect([other.status, other.envelope.error]).toMatchObject([
        409,
        { code: 'IDEMPOTENCY_CONFLICT', retryable: false, details: { job_id: id } },
      ]);
      const unnamed = await call(world, path, { method, ...(body ? { body } : {}) });
      expect(JobAccepted.parse(unnamed.envelope.data).job_id).not.toBe(id);
    },
  );

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

  it.each<(typeof CHANGES)[number]>([
    ...ALL_CHANGES,
    ['POST', '/api/v1/packages/plan', { packages: [{ name: 'alpha' }] }],
    ['POST', '/api/v1/patches/plan', {}],
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

  it('are for nobody who names an instance while it is not known which one this is', async () => {
    await using unknown = await startWorld({ app: { instanceId: async () => undefined } });
    const ask = (headers: Record<string, string>) =>
      call(unknown, AGENT_ROUTES.applyPatches.path, { method: 'POST', headers, body: { packages: [] } });
    const named = await ask({ 'linux-patch-instance': INSTANCE_ID });
    expect([named.status, named.envelope.error?.code]).toEqual([503, 'WORKER_UNAVAILABLE']);
    expect(unknown.jobs.list()).toEqual([]);
    expect((await call(unknown, '/health')).envelope.data).not.toHaveProperty('instance_id');
    expect((await ask({})).status).toBe(202);
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
});
