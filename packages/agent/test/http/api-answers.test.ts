import { Envelope } from '@linux-patch/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { call, startWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

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
