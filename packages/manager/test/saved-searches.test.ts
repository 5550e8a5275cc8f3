import { MAX_SAVED_SEARCHES, type SavedSearch } from '@linux-patch/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { joinedHost } from './joined-host.ts';
import { dataOf } from './known-host.ts';
import { faultOf, operatorCalls } from './operator.ts';
import { startWorld, type World } from './world.ts';

let world: World;
const operator = operatorCalls('searcher');
const { over, ask, chosen } = operator;
let web: { readonly fqdn: string };
let db1: { readonly fqdn: string };
beforeAll(async () => {
  world = await startWorld();
  await operator.open(world);
  [web, db1] = [await joinedHost(world), await joinedHost(world)];
  await over('PUT', `/hosts/${web.fqdn}/labels`, { set: { env: 'prod', tier: 'web' } });
  await over('PUT', `/hosts/${db1.fqdn}/labels`, { set: { env: 'prod' } });
});
afterAll(() => world[Symbol.asyncDispose]());

const save = (name: string, hosts: string) => over('POST', '/searches', { name, hosts });
const audited = async (search: string) =>
  (await operator.audited('saved_search_')).filter((row) => 'search' in row && row.search === search);

describe('a saved search', () => {
  it('is made, used, changed and deleted, each step on record once', async () => {
    const made = dataOf<SavedSearch>(await save('Prod', '@env=prod'));
    expect(made).toEqual({
      name: 'Prod',
      hosts: '@env=prod',
      changed_at: new Date(world.clock.now()).toISOString(),
      changed_by: 'api-token:searcher',
    });
    expect(await chosen('@saved:prod')).toEqual([web.fqdn, db1.fqdn].toSorted());
    expect(await chosen('@saved:prod+@tier=web')).toEqual([web.fqdn]);
    const changed = await over('PUT', '/searches/PROD', { hosts: '@tier=web' });
    expect(dataOf<SavedSearch>(changed)).toMatchObject({ name: 'Prod', hosts: '@tier=web' });
    await over('PUT', '/searches/Prod', { hosts: '@tier=web' });
    expect(await chosen(`@saved:Prod,${db1.fqdn}`)).toEqual([web.fqdn, db1.fqdn].toSorted());
    expect(dataOf<SavedSearch>(await over('GET', '/searches/prod')).hosts).toBe('@tier=web');
    expect((await over('DELETE', '/searches/prod')).status).toBe(200);
    expect(faultOf(await ask('@saved:prod'))).toEqual([
      404,
      'SEARCH_NOT_FOUND',
      'There is no saved search prod. Nothing was done. "linux-patch-manager searches list" shows those there are.',
    ]);
    const actor = 'api-token:searcher';
    expect(await audited('Prod')).toEqual([
      { actor, event: 'saved_search_created', search: 'Prod', hosts: '@env=prod' },
      {
        actor,
        event: 'saved_search_changed',
        search: 'Prod',
        hosts: '@tier=web',
        previous_hosts: '@env=prod',
      },
      { actor, event: 'saved_search_deleted', search: 'Prod', hosts: '@tier=web' },
    ]);
  });

  it('is looked up at each use, so that it follows labels, groups and hosts', async () => {
    await over('POST', '/groups', { name: 'canaries' });
    await save('late', '@group:canaries+@unknown');
    expect(faultOf(await ask('@saved:late'))).toEqual([
      404,
      'HOST_NOT_FOUND',
      'The saved search late (@group:canaries+@unknown): @group:canaries+@unknown means no host now. Nothing was done.',
    ]);
    await over('POST', '/groups/canaries/add', { hosts: web.fqdn });
    expect(await chosen('@saved:late')).toEqual([web.fqdn]);
    const put = await over('POST', '/groups', { name: 'from-search' });
    expect(put.status).toBe(200);
    await over('POST', '/groups/from-search/add', { hosts: '@saved:late' });
    expect(await chosen('@group:from-search')).toEqual([web.fqdn]);
  });

  it('that means nothing any more is an error with its name, beside whatever else', async () => {
    await over('POST', '/groups', { name: 'soon-gone' });
    await save('broken', '@all,@group:soon-gone');
    await over('DELETE', '/groups/soon-gone');
    for (const hosts of ['@saved:broken', '@all,@saved:broken', '@saved:broken+@all'])
      expect(faultOf(await ask(hosts))).toEqual([
        404,
        'GROUP_NOT_FOUND',
        expect.stringMatching(
          /^The saved search broken \(@all,@group:soon-gone\): There is no group soon-gone\. Nothing was done\./,
        ),
      ]);
    // As one of another version may have written it.
    await world.database.db
      .updateTable('saved_searches')
      .set({ hosts: '@of-tomorrow' })
      .where('name', '=', 'broken')
      .execute();
    expect(faultOf(await ask('@saved:broken'))).toEqual([
      400,
      'INVALID_REQUEST',
      expect.stringMatching(/^The saved search broken \(@of-tomorrow\): @of-tomorrow means nothing: /),
    ]);
  });

  it('names no other saved search, so that none can name itself', async () => {
    await save('first', '@all');
    const words = /@saved:first cannot stand in a saved search: a saved search names no other/;
    expect(faultOf(await save('second', '@env=prod,@saved:first'))).toEqual([
      400,
      'INVALID_REQUEST',
      expect.stringMatching(words),
    ]);
    await world.database.db
      .updateTable('saved_searches')
      .set({ hosts: '@saved:first' })
      .where('name', '=', 'first')
      .execute();
    expect(faultOf(await ask('@saved:first'))[2]).toMatch(words);
  });

  it('is no way to look for more than 50 patterns and words at once', async () => {
    await save('many', Array.from({ length: 26 }, () => '@all').join(','));
    expect(await chosen('@saved:many')).toHaveLength(2);
    expect(faultOf(await ask('@saved:many+@saved:MANY'))).toEqual([
      400,
      'INVALID_REQUEST',
      expect.stringMatching(/^The saved search many .*: There are 52 patterns and words/),
    ]);
  });

  it.each([
    ['@env=nothing', 200],
    ['@reboot', 200],
    ['nothing*', 200],
    ['nobody', 404],
    ['@group:nobody', 404],
    ['@tomorrow', 400],
    ['@all,', 404],
    ['', 400],
    ['*\u001b[31m', 400],
    ['@all\n', 400],
    ['x'.repeat(4_001), 400],
    [Array.from({ length: 51 }, () => '@all').join(','), 400],
  ])('for %j is answered with %i', async (hosts, status) => {
    const name = `try-${hosts.length}`;
    expect((await save(name, hosts)).status).toBe(status);
    expect((await over('GET', `/searches/${name}`)).status).toBe(status === 200 ? 200 : 404);
    await over('DELETE', `/searches/${name}`);
  });

  it('has a name that no other has, and keeps its selection when the new one is refused', async () => {
    await save('taken', '@all');
    expect(faultOf(await save('TAKEN', '@reboot'))).toEqual([
      409,
      'SEARCH_CONFLICT',
      'There is a saved search taken already, and no two differ by case alone. Nothing was changed.',
    ]);
    for (const name of ['', 'a b', 'saved:x', '../x', 'n'.repeat(64)])
      expect([name, (await save(name, '@all')).status]).toEqual([name, 400]);
    expect((await over('PUT', '/searches/taken', { hosts: 'nobody' })).status).toBe(404);
    expect((await over('PUT', '/searches/nobody', { hosts: '@all' })).status).toBe(404);
    expect(dataOf<SavedSearch>(await over('GET', '/searches/taken')).hosts).toBe('@all');
  });

  it(`is one of ${MAX_SAVED_SEARCHES} at most`, async () => {
    const { total } = dataOf<{ total: number }>(await over('GET', '/searches'));
    const rows = Array.from({ length: MAX_SAVED_SEARCHES - total }, (_, number) => ({
      name: `filler-${number}`,
      hosts: '@all',
      changed_at: 1,
      changed_by: 'local',
    }));
    await world.database.db.insertInto('saved_searches').values(rows).execute();
    expect(faultOf(await save('one-more', '@all')).slice(0, 2)).toEqual([409, 'SEARCH_CONFLICT']);
    expect((await over('DELETE', '/searches/filler-0')).status).toBe(200);
    expect((await save('one-more', '@all')).status).toBe(200);
  });
});
