import { readFile, stat, writeFile } from 'node:fs/promises';
import { systemFiles, systemRandom } from '@linux-patch/runtime/node';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { makeFirstLink } from '../src/people/first-link.ts';
import { cookieOf, OWN_PAGE, signIn } from './browser.ts';
import { startWorld, TESTER, type World } from './world.ts';

const HOUR_MS = 3_600_000;
const PASSWORD = 'correct horse battery';
const stack = new AsyncDisposableStack();
let world: World;
let secret: string;
beforeEach(async () => {
  world = stack.use(await startWorld());
  ({ secret } = await makeFirstLink({
    files: systemFiles,
    clock: world.clock,
    random: systemRandom,
    paths: world.paths,
  }));
});
afterAll(() => stack.disposeAsync());

function setUp(wish: object = {}, headers: Readonly<Record<string, string>> = OWN_PAGE) {
  const body = { secret, name: 'ada', password: PASSWORD, ...wish };
  return world.call({ method: 'POST', path: '/api/v1/setup', body, headers });
}

async function audited(event: string) {
  const rows = await world.database.db.selectFrom('audit').selectAll().where('event', '=', event).execute();
  return rows.map(({ actor, fields }) => ({ actor, ...(JSON.parse(fields) as Record<string, unknown>) }));
}

async function expectNobody(): Promise<void> {
  expect(await world.database.db.selectFrom('people').select('name').execute()).toEqual([]);
}

describe('the link of init', () => {
  it('makes the first administrator, who is signed in, and nobody else', async () => {
    const answer = await setUp();
    expect(answer.json().data).toMatchObject({
      person: { name: 'ada', role: 'admin', created_by: 'first-link' },
    });
    const headers = { ...OWN_PAGE, cookie: cookieOf(answer) };
    expect((await world.call({ path: '/api/v1/people', headers })).status).toBe(200);
    expect(await audited('person_created')).toEqual([{ actor: 'first-link', person: 'ada', role: 'admin' }]);
    await expect(stat(world.paths.firstLink)).rejects.toThrow('ENOENT');
    const again = await setUp({ name: 'eve' });
    expect([again.status, again.json().error.code]).toEqual([403, 'FORBIDDEN']);
    expect(again.json().error.message).toContain('people create NAME --role admin');
    await signIn(world, { name: 'ada', password: PASSWORD });
  });

  it('makes one of two who use it at once', async () => {
    const both = await Promise.all([setUp(), setUp({ name: 'eve' })]);
    expect(new Set(both.map((answer) => answer.status))).toEqual(new Set([200, 403]));
    expect(await world.database.db.selectFrom('people').select('name').execute()).toHaveLength(1);
  });

  it('is good for an hour', async () => {
    await world.advance(HOUR_MS - 1);
    expect((await setUp({ password: 'short' })).status).toBe(400);
    await world.advance(1);
    expect((await setUp()).status).toBe(403);
    await expectNobody();
  });

  it('makes nobody beside people that root made, or made and removed', async () => {
    await world.admin('/people', { name: 'root-made', role: 'viewer', password: PASSWORD });
    expect((await setUp()).status).toBe(403);
    await world.remove('/people/root-made');
    expect((await setUp()).status).toBe(403);
    expect(await audited('person_created')).toEqual([{ actor: TESTER, person: 'root-made', role: 'viewer' }]);
  });

  it.each([
    ['another secret', () => ({ secret: `${secret.slice(0, -1)}${secret.endsWith('A') ? 'B' : 'A'}` })],
    ['no secret', () => ({ secret: '' })],
    [
      'its hash',
      async () => ({
        secret: (JSON.parse(await readFile(world.paths.firstLink, 'utf8')) as { verifier: string }).verifier,
      }),
    ],
  ])('makes nobody with %s, and that is on record', async (_what, wish) => {
    expect((await setUp(await wish())).status).toBe(403);
    await expectNobody();
    expect(await audited('first_link_refused')).toEqual([{ actor: 'unknown', address: '127.0.0.1' }]);
    expect((await setUp()).status).toBe(200);
  });

  it('makes nobody for a page of another site', async () => {
    expect((await setUp({}, { ...OWN_PAGE, 'sec-fetch-site': 'cross-site' })).status).toBe(403);
    await expectNobody();
  });

  it.each(['', '{', '{}', 'x'.repeat(10_000)])('makes nobody when its file holds %j', async (text) => {
    await writeFile(world.paths.firstLink, text);
    expect((await setUp()).status).toBe(403);
    await expectNobody();
  });

  it('lies nowhere itself: its file, which the server alone reads, holds a hash', async () => {
    const { mode } = await stat(world.paths.firstLink);
    expect(mode & 0o777).toBe(0o600);
    expect(await readFile(world.paths.firstLink, 'utf8')).not.toContain(secret.slice(5));
    await setUp();
    const audit = await world.database.db.selectFrom('audit').selectAll().execute();
    expect(JSON.stringify([audit, world.logger.records])).not.toContain(secret.slice(5));
  });

  it('says what it is for to whoever opens it', async () => {
    const answer = await world.call({ path: '/setup' });
    expect([answer.status, answer.headers['content-type']]).toEqual([200, 'text/plain;charset=UTF-8']);
    expect(answer.text).toContain('people create ada --role admin');
  });
});
