import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { signIn, trySignIn } from './browser.ts';
import { audited, newPerson } from './signed-people.ts';
import { startWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

describe('a page of somebody else', () => {
  const POST = { method: 'POST', path: '/api/v1/tokens', body: {} };
  it.each<[string, object, Record<string, string | undefined>]>([
    ['a change from another site', POST, { 'sec-fetch-site': 'cross-site' }],
    ['a change from a neighbour', POST, { 'sec-fetch-site': 'same-site' }],
    ['a change that was typed', POST, { 'sec-fetch-site': 'none' }],
    ['a change without the header', POST, { 'linux-patch-request': undefined }],
    ['a change of another origin', POST, { 'sec-fetch-site': undefined, origin: 'https://evil.example' }],
    ['a change of no origin', POST, { 'sec-fetch-site': undefined, origin: 'null' }],
    [
      'a change of a plain origin',
      POST,
      { origin: 'http://manager.example.test', host: 'manager.example.test' },
    ],
    ['reading from another site', { path: '/api/v1/hosts' }, { 'sec-fetch-site': 'cross-site' }],
  ])('gets nowhere with %s', async (_what, call, wish) => {
    const browser = await signIn(world, await newPerson(world));
    const given = Object.entries({ ...browser.headers, ...wish });
    const headers = Object.fromEntries(
      given.filter((pair): pair is [string, string] => pair[1] !== undefined),
    );
    const before = (await audited(world, 'join_token_created')).length;
    const answer = await world.call({ path: '', ...call, headers });
    expect([answer.status, answer.json().error.code]).toEqual([403, 'FORBIDDEN']);
    expect(await audited(world, 'join_token_created')).toHaveLength(before);
  });

  it('signs nobody in', async () => {
    const who = await newPerson(world);
    for (const headers of [{ 'sec-fetch-site': 'cross-site' }, { origin: 'https://evil.example' }]) {
      const answer = await trySignIn(world, who, { headers });
      expect([answer.status, answer.headers['set-cookie']]).toEqual([403, undefined]);
    }
  });

  it('sends no form: a change is JSON', async () => {
    const browser = await signIn(world, await newPerson(world));
    const headers = { ...browser.headers, 'content-type': 'text/plain' };
    const answer = await world.call({ method: 'POST', path: '/api/v1/tokens', headers, body: '{}' });
    expect(answer.status).toBe(415);
  });

  it('is not the page of the manager, which says so', async () => {
    const browser = await signIn(world, await newPerson(world));
    const headers = {
      ...browser.headers,
      origin: 'https://Manager.example.test',
      host: 'manager.example.test',
    };
    expect((await world.call({ ...POST, headers })).status).toBe(200);
    expect((await browser.get('/api/v1/hosts', { headers: { 'sec-fetch-site': 'none' } })).status).toBe(200);
  });
});

describe('every answer', () => {
  it.each(['/api/v1/hosts', '/api/v1/pki/ca.pem', '/livez', '/nowhere', '/api/v1/%zz/../..'])(
    'of %s keeps a browser from running or framing it',
    async (path) => {
      const { headers } = await world.call({ path, localAddress: '127.0.5.3' });
      expect(headers).toMatchObject({
        'content-security-policy': expect.stringMatching(/^default-src 'none';.*frame-ancestors 'none'/),
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-resource-policy': 'same-origin',
        'referrer-policy': 'no-referrer',
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
      });
    },
  );
});
