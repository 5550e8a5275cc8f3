import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startWorld, TESTER, type World } from './world.ts';

const PASSWORD = 'correct horse battery';
let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

let made = 0;
async function newPerson(wish: object = {}): Promise<string> {
  made += 1;
  const name = `person-${made}`;
  const answer = await world.admin('/people', { name, role: 'viewer', password: PASSWORD, ...wish });
  expect(answer.status, answer.text).toBe(200);
  return name;
}

const change = (name: string, body: object) =>
  world.local({ method: 'PUT', path: `/api/v1/people/${name}`, body });

async function personOf(name: string) {
  const { people } = (await world.admin('/people')).json().data;
  return people.find((one) => one.name === name);
}

async function audited(name: string) {
  const rows = await world.database.db.selectFrom('audit').selectAll().orderBy('seq').execute();
  return rows
    .map(({ actor, event, fields }) => ({
      actor,
      event,
      fields: JSON.parse(fields) as Record<string, unknown>,
    }))
    .filter(({ fields }) => fields['person'] === name);
}

describe('a person', () => {
  it('is made, changed and removed, with a record of each that names who did it', async () => {
    const name = await newPerson();
    const { text, ...made } = (await personOf(name)) as { text?: string };
    expect([text, made]).toEqual([
      undefined,
      {
        name,
        role: 'viewer',
        bindings: [],
        state: 'active',
        created_at: new Date(world.clock.now()).toISOString(),
        created_by: TESTER,
        last_sign_in_at: null,
        second_factor: false,
        authenticator: false,
        passkeys: 0,
        oidc: null,
      },
    ]);
    expect((await change(name, { role: 'operator' })).json().data).toMatchObject({ role: 'operator' });
    expect((await change(name, { disabled: true })).json().data).toMatchObject({ state: 'disabled' });
    expect((await change(name, { disabled: true })).status).toBe(200);
    expect((await change(name, { disabled: false })).json().data).toMatchObject({ state: 'active' });
    const reset = await world.admin(`/people/${name}/reset`, { password: 'another horse battery' });
    expect(reset.status).toBe(200);
    expect((await world.remove(`/people/${name}`)).status).toBe(200);
    expect(await personOf(name)).toBeUndefined();
    expect(await audited(name)).toEqual([
      { actor: TESTER, event: 'person_created', fields: { person: name, role: 'viewer' } },
      ...[
        { role: 'operator', previous_role: 'viewer', state: 'active' },
        { role: 'operator', previous_role: 'operator', state: 'disabled' },
        { role: 'operator', previous_role: 'operator', state: 'active' },
      ].map((fields) => ({
        actor: TESTER,
        event: 'person_changed',
        fields: { person: name, ...fields, sessions: 0 },
      })),
      { actor: TESTER, event: 'person_reset', fields: { person: name, sessions: 0 } },
      { actor: TESTER, event: 'person_removed', fields: { person: name, role: 'operator', sessions: 0 } },
    ]);
  });

  it('has a password that is stored as a hash and stands in no record, answer or log', async () => {
    const name = await newPerson();
    await world.admin(`/people/${name}/reset`, { password: 'battery staple horse' });
    const { db } = world.database;
    const row = await db.selectFrom('people').selectAll().where('name', '=', name).executeTakeFirstOrThrow();
    expect(row.password).toMatch(/^\$argon2id\$/);
    const shown = JSON.stringify([
      await db.selectFrom('audit').selectAll().execute(),
      await personOf(name),
      world.logger.records,
    ]);
    expect(shown).not.toMatch(/correct horse|battery staple|argon2id/);
  });

  it('that was removed has no password any more, and its name is not given again', async () => {
    const name = await newPerson();
    await world.remove(`/people/${name}`);
    const { db } = world.database;
    const row = await db.selectFrom('people').selectAll().where('name', '=', name).executeTakeFirstOrThrow();
    expect(row.password).toBeNull();
    const again = await world.admin('/people', { name, role: 'admin', password: PASSWORD });
    expect([again.status, again.json().error.code]).toEqual([409, 'PERSON_CONFLICT']);
    expect(again.json().error.message).toContain(`${name}-2`);
    for (const answer of [
      await change(name, { role: 'admin' }),
      await world.admin(`/people/${name}/reset`, { password: PASSWORD }),
      await world.remove(`/people/${name}`),
    ])
      expect([answer.status, answer.json().error.code]).toEqual([404, 'PERSON_NOT_FOUND']);
  });

  it('is made once, also by two who ask at the same time', async () => {
    const wish = { name: 'twin', role: 'viewer', password: PASSWORD };
    const answers = await Promise.all([world.admin('/people', wish), world.admin('/people', wish)]);
    expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set([200, 409]));
  });

  it.each([
    ['no name', { name: '' }],
    ['large letters', { name: 'Ada' }],
    ['a name with a blank', { name: 'a da' }],
    ['a name that reads right to left', { name: 'ada\u202e' }],
    ['a long name', { name: 'x'.repeat(65) }],
    ['a role that there is not', { role: 'root' }],
    ['a short password', { password: 'eleven char' }],
    ['a password without end', { password: 'x'.repeat(257) }],
    ['its name as password', { name: 'ada@example.org', password: 'ADA@example.org' }],
    ['a member that nobody knows', { admin: true }],
  ])('is not made with %s', async (_what, wish) => {
    const body = { name: 'nobody', role: 'viewer', password: PASSWORD, ...wish };
    const answer = await world.admin('/people', body);
    expect([answer.status, answer.json().error.code]).toEqual([400, 'INVALID_REQUEST']);
    expect(answer.text).not.toContain(body.password);
  });

  it('is changed by what names a change', async () => {
    expect((await change(await newPerson(), {})).status).toBe(400);
  });
});

describe('people', () => {
  it('are a thousand at most', async () => {
    await using crowded = await startWorld();
    const rows = Array.from({ length: 1_000 }, (_, number) => ({
      id: `id-${number}`,
      name: `crowd-${number}`,
      role: 'viewer',
      password: 'none',
      created_at: number,
      created_by: 'local',
      disabled_at: null,
      removed_at: number === 0 ? 1 : null,
      last_sign_in_at: null,
    }));
    await crowded.database.db.insertInto('people').values(rows).execute();
    const more = (name: string) => crowded.admin('/people', { name, role: 'viewer', password: PASSWORD });
    expect((await more('last')).status).toBe(200);
    expect((await more('one-more')).json().error.code).toBe('PERSON_CONFLICT');
  });
});
