import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BoundCaller, boundCaller } from './bound-callers.ts';
import { joinedHost } from './joined-host.ts';
import { dataOf } from './known-host.ts';
import { faultOf } from './operator.ts';
import { startWorld, type World } from './world.ts';

type JoinedHost = Awaited<ReturnType<typeof joinedHost>>;

let world: World;
/** In the group web; with the label env=test; neither. */
let web: JoinedHost;
let test: JoinedHost;
let other: JoinedHost;
const labelAsRoot = (host: JoinedHost, body: object) =>
  world.local({ method: 'PUT', path: `/api/v1/hosts/${host.fqdn}/labels`, body });

beforeAll(async () => {
  world = await startWorld();
  [web, test, other] = [await joinedHost(world), await joinedHost(world), await joinedHost(world)];
  for (const name of ['web', 'concealed']) await world.admin('/groups', { name });
  await world.admin('/groups/web/add', { hosts: web.fqdn });
  await world.admin('/groups/concealed/add', { hosts: other.fqdn });
  await labelAsRoot(test, { set: { env: 'test' } });
});
afterAll(() => world[Symbol.asyncDispose]());

interface Listed {
  readonly total: number;
}
async function rowOf({ fqdn }: JoinedHost) {
  return world.database.db.selectFrom('hosts').selectAll().where('fqdn', '=', fqdn).executeTakeFirstOrThrow();
}
async function serialsOf(host: JoinedHost): Promise<string[]> {
  const { id } = await rowOf(host);
  const rows = await world.database.db
    .selectFrom('certificates')
    .select('serial')
    .where('host_id', '=', id)
    .execute();
  return rows.map(({ serial }) => serial);
}

describe('somebody who sees all and may change some', () => {
  it('is refused for the others, which they see, and on record', async () => {
    const ada = await boundCaller(world, [['operator', '@group:web']], 'viewer');
    expect(dataOf<Listed>(await ada.call('GET', '/hosts')).total).toBe(3);
    expect((await ada.call('PUT', `/hosts/${web.fqdn}`, { note: 'hers' })).status).toBe(200);
    const refused = await ada.call('PUT', `/hosts/${other.fqdn}`, { note: 'not hers' });
    expect(faultOf(refused)).toEqual([
      403,
      'FORBIDDEN',
      `PUT /api/v1/hosts/{id} needs the permission hosts:change, which api-token:${ada.name} does not have for this host. Nothing was done.`,
    ]);
    expect((await rowOf(other)).note).toBeNull();
    const rows = await world.database.db
      .selectFrom('audit')
      .select('fields')
      .where('event', '=', 'admin_forbidden')
      .where('actor', '=', `api-token:${ada.name}`)
      .execute();
    expect(rows.map(({ fields }) => JSON.parse(fields) as object)).toMatchObject([
      { permission: 'hosts:change', beyond: 'the host' },
    ]);
  });

  it('revokes no certificate of the manager, of another host, or of nobody', async () => {
    const ada = await boundCaller(world, [['admin', '@group:web']], 'viewer');
    const own = await world.database.db
      .selectFrom('certificates')
      .select('serial')
      .where('host_id', 'is', null)
      .execute();
    for (const serial of [...own.map((row) => row.serial), ...(await serialsOf(other))])
      expect(
        faultOf(await ada.call('POST', `/certificates/${serial}/revoke`, { reason: 'keyCompromise' })).slice(
          0,
          2,
        ),
      ).toEqual([403, 'FORBIDDEN']);
    const revoked = await world.database.db
      .selectFrom('certificates')
      .select('serial')
      .where('revoked_at', 'is not', null)
      .execute();
    expect(revoked).toEqual([]);
  });
});

describe('who governs a host', () => {
  it('loses and gets it with its group and its label, at once', async () => {
    const ada = await boundCaller(world, [['viewer', '@rack=r7']]);
    const seen = async () => (await ada.call('GET', `/hosts/${other.fqdn}`)).status;
    const label = (body: object) => labelAsRoot(other, body);
    expect(await seen()).toBe(404);
    await label({ set: { rack: 'r7' } });
    expect(await seen()).toBe(200);
    await label({ set: { rack: 'r8' } });
    expect(await seen()).toBe(404);
  });

  it('takes no host into their group, and puts none of theirs into another', async () => {
    const operator = await boundCaller(world, [
      ['operator', '@group:web'],
      ['operator', '@env=test'],
    ]);
    expect(faultOf(await operator.call('POST', '/groups/web/add', { hosts: other.fqdn }))[1]).toBe(
      'HOST_NOT_FOUND',
    );
    expect(faultOf(await operator.call('POST', '/groups/concealed/add', { hosts: web.fqdn }))[1]).toBe(
      'GROUP_NOT_FOUND',
    );
    // A group that is seen, because a host of theirs is in it.
    await world.admin('/groups', { name: 'shared' });
    await world.admin('/groups/shared/add', { hosts: `${web.fqdn},${other.fqdn}` });
    for (const way of ['add', 'remove'])
      expect(faultOf(await operator.call('POST', `/groups/shared/${way}`, { hosts: web.fqdn }))).toEqual([
        403,
        'FORBIDDEN',
        'The hosts of the group shared are changed by those whose role is for all hosts or for this group; yours is not. Nothing was changed.',
      ]);
    expect((await world.admin('/groups/shared')).json().data.total).toBe(2);
    await world.remove('/groups/shared');
    const put = await operator.call('POST', '/groups/web/add', { hosts: test.fqdn });
    expect(dataOf<{ changed: number }>(put).changed).toBe(1);
    const taken = await operator.call('POST', '/groups/web/remove', { hosts: test.fqdn });
    expect(dataOf<{ changed: number }>(taken).changed).toBe(1);
  });

  it('is refused a selection with hosts of others whole, with their names', async () => {
    const ada = await boundCaller(world, [['operator', '@group:web']], 'viewer');
    const refused = await ada.call('POST', '/groups/web/add', { hosts: '@all' });
    const beyond = [test.fqdn, other.fqdn].toSorted().join(', ');
    expect(faultOf(refused)).toEqual([
      403,
      'FORBIDDEN',
      `Your role does not reach 2 of the 3 hosts that are meant: ${beyond}. Nothing was done, to none of them.`,
    ]);
    expect((await world.admin('/groups/web')).json().data.total).toBe(1);
  });

  it('changes no label to which a role is bound, unless theirs is, and any other', async () => {
    const [ada, bob] = [
      await boundCaller(world, [['operator', '@group:web']]),
      await boundCaller(world, [['operator', '@team=bob']]),
    ];
    const label = (who: BoundCaller, body: object) => who.call('PUT', `/hosts/${web.fqdn}/labels`, body);
    const refused = [
      403,
      'FORBIDDEN',
      'The label team=bob says who may do what with a host, so it is changed by those whose role is for all hosts or for this label; yours is not. Nothing was changed.',
    ];
    expect(faultOf(await label(ada, { set: { team: 'bob' } }))).toEqual(refused);
    expect((await label(ada, { set: { team: 'ada' } })).status).toBe(200);
    expect((await label(bob, { set: { team: 'bob' } })).status).toBe(404);
    await labelAsRoot(web, { set: { team: 'bob' } });
    expect(faultOf(await label(ada, { remove: ['team'] }))).toEqual(refused);
    expect(faultOf(await label(ada, { set: { team: 'ada' } }))).toEqual(refused);
    expect((await label(ada, { set: { team: 'bob', rack: 'r2' } })).status).toBe(200);
    expect((await label(bob, { remove: ['team'] })).status).toBe(200);
    expect((await label(bob, { set: { rack: 'r3' } })).status).toBe(404);
  });

  it('never gets more by a group that is deleted', async () => {
    await world.admin('/groups', { name: 'passing' });
    await world.admin('/groups/passing/add', { hosts: other.fqdn });
    const ada = await boundCaller(world, [['admin', '@group:passing']]);
    expect(dataOf<Listed>(await ada.call('GET', '/hosts')).total).toBe(1);
    await world.remove('/groups/passing');
    await world.admin('/groups', { name: 'passing' });
    await world.admin('/groups/passing/add', { hosts: other.fqdn });
    expect(faultOf(await ada.call('GET', '/hosts')).slice(0, 2)).toEqual([403, 'FORBIDDEN']);
  });
});
