import { request as httpsRequest } from 'node:https';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { systemRandom } from '@linux-patch/runtime/node';
import { ManualClock, memoryLogger } from '@linux-patch/runtime/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createAuditLog } from '../src/audit/audit-log.ts';
import type { OpenDatabase } from '../src/database/open.ts';
import type { PeopleContext } from '../src/people/context.ts';
import { changeOwnPassword } from '../src/people/own-password.ts';
import { createPasswordWork } from '../src/people/password-work.ts';
import { createSessionCuts } from '../src/people/session-cuts.ts';
import { beginSession, endSessions } from '../src/people/sessions.ts';
import { signIn as signInAt } from '../src/people/sign-in.ts';
import { changePerson, createPerson, listPeople, removePerson, resetPerson } from '../src/people/store.ts';
import { createThrottle } from '../src/people/throttle.ts';
import { signIn } from './browser.ts';
import { openTestDatabase } from './test-database.ts';
import { startWorld, type World } from './world.ts';

const PASSWORD = 'correct horse battery';
const MINUTE_MS = 60_000;

describe('a request whose body comes after its caller was shut out', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(() => world[Symbol.asyncDispose]());

  /** Sends the headers of a change, and its body when it is told to. */
  async function slowly(path: string, headers: Readonly<Record<string, string>>, body: object) {
    const text = JSON.stringify(body);
    const outgoing = httpsRequest({
      host: '127.0.0.1',
      port: world.port,
      servername: '',
      ca: world.caPem,
      // The certificate is for another name than the address.
      checkServerIdentity: () => undefined,
      agent: false,
      method: 'POST',
      path,
      headers: { ...headers, 'content-type': 'application/json', 'content-length': String(text.length) },
    });
    const { promise: status, resolve, reject } = Promise.withResolvers<number | undefined>();
    status.catch(() => {});
    outgoing.once('response', (answer) => resolve(answer.resume().statusCode)).once('error', reject);
    outgoing.flushHeaders();
    return {
      /** Resolves when the caller was found; its uses are noted to the minute. */
      async isLetIn(): Promise<void> {
        let ended = false;
        const end = (): void => {
          ended = true;
        };
        status.then(end, end);
        while (!(await isNoted())) {
          if (ended) throw new Error(`it was answered ${await status}`);
          // SQLite answers at once, and the manager lives in this process.
          await nextTurn();
        }
      },
      finish() {
        outgoing.end(text);
        return status;
      },
    };
  }

  async function isNoted(): Promise<boolean> {
    const { db } = world.database;
    const sessions = await db.selectFrom('sessions').select('seen_at as at').execute();
    const tokens = await db.selectFrom('api_tokens').select('last_used_at as at').execute();
    return [...sessions, ...tokens].some(({ at }) => at === world.clock.now());
  }

  const people = async () => (await world.admin('/people')).json().data.people.map(({ name }) => name);

  it('gives nobody access: neither of a person who was removed', async () => {
    await world.admin('/people', { name: 'eve', role: 'admin', password: PASSWORD });
    const { headers } = await signIn(world, { name: 'eve', password: PASSWORD });
    await world.advance(MINUTE_MS);
    const request = await slowly('/api/v1/people', headers, {
      name: 'eve-2',
      role: 'admin',
      password: PASSWORD,
    });
    await request.isLetIn();
    expect((await world.remove('/people/eve')).status).toBe(200);
    expect(await request.finish()).toBe(401);
    expect(await people()).not.toContain('eve-2');
  });

  it('nor of a program whose token was revoked', async () => {
    const created = await world.admin('/api-tokens', {
      name: 'pipeline',
      role: 'admin',
      allow: ['api-tokens:manage'],
    });
    const headers = { authorization: `Bearer ${created.json().data.secret}` };
    await world.advance(MINUTE_MS);
    const request = await slowly('/api/v1/api-tokens', headers, { name: 'pipeline-2', role: 'admin' });
    await request.isLetIn();
    expect((await world.admin('/api-tokens/pipeline/revoke', {})).status).toBe(200);
    expect(await request.finish()).toBe(401);
    const tokens = (await world.admin('/api-tokens')).json().data.api_tokens;
    expect(tokens.map(({ name }) => name)).toEqual(['pipeline']);
  });
});

describe('what somebody asked for before they were shut out', () => {
  const PLACE = {
    address: '192.0.2.1',
    client: undefined,
    before: undefined,
    how: { by: 'password' },
  } as const;
  const DOOR = { address: '192.0.2.1', client: undefined, cookie: undefined };
  const ROOT = { name: 'local' };
  let database: OpenDatabase;
  let people: PeopleContext;
  /** What happens while a new password is worked on. */
  let meanwhile: () => Promise<unknown>;
  beforeEach(async () => {
    database = await openTestDatabase();
    meanwhile = async () => {};
    const clock = new ManualClock(Date.now());
    const passwords = createPasswordWork(systemRandom);
    people = {
      db: database.db,
      audit: createAuditLog({ clock }),
      clock,
      random: systemRandom,
      logger: memoryLogger(),
      passwords: {
        ...passwords,
        async hash(password) {
          const hash = await passwords.hash(password);
          const happens = meanwhile;
          meanwhile = async () => {};
          await happens();
          return hash;
        },
      },
      cuts: createSessionCuts(),
      throttle: createThrottle(clock),
    };
    return () => database[Symbol.asyncDispose]();
  });

  async function signedIn(name: string) {
    await createPerson(people, { name, role: 'admin', password: PASSWORD }, ROOT);
    const { person, session } = await signInAt(people, { name, password: PASSWORD }, DOOR);
    return { person, session, cut: people.cuts.of(session.id), address: PLACE.address };
  }

  it.each([
    ['removed', () => removePerson(people, 'eve', 'local')],
    ['given another role', () => changePerson(people, 'eve', { role: 'viewer', actor: 'local' })],
  ])('makes nobody when they were %s while its password was hashed', async (_what, happens) => {
    const { cut } = await signedIn('eve');
    meanwhile = happens;
    const wish = { name: 'eve-2', role: 'admin', password: PASSWORD } as const;
    await expect(createPerson(people, wish, { name: 'person:eve', cut })).rejects.toMatchObject({
      code: 'UNAUTHORIZED',
    });
    expect((await listPeople(people)).map(({ name }) => name)).not.toContain('eve-2');
  });

  it('gives nobody another password either', async () => {
    await createPerson(people, { name: 'ada', role: 'admin', password: PASSWORD }, ROOT);
    const { cut } = await signedIn('eve');
    meanwhile = () => removePerson(people, 'eve', 'local');
    await expect(
      resetPerson(people, 'ada', { password: 'known to eve alone', actor: { name: 'person:eve', cut } }),
    ).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
    await signInAt(people, { name: 'ada', password: PASSWORD }, DOOR);
  });

  it.each([
    [
      'a new password of an administrator',
      () => resetPerson(people, 'ada', { password: 'new horse battery', actor: ROOT }),
      'new horse battery',
    ],
    [
      'the end of all sessions',
      async () => {
        const { person } = await rowOf('ada');
        await endSessions(people, person, { actor: 'local' });
      },
      PASSWORD,
    ],
  ])('does not undo %s by choosing a password in a session that it ended', async (_what, happens, good) => {
    const own = await signedIn('ada');
    meanwhile = happens;
    const wish = { current_password: PASSWORD, new_password: 'known to the thief' };
    await expect(changeOwnPassword(people, own, wish)).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
    await expect(
      signInAt(people, { name: 'ada', password: 'known to the thief' }, DOOR),
    ).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
    await signInAt(people, { name: 'ada', password: good }, DOOR);
  });

  async function rowOf(name: string) {
    const person = await people.db
      .selectFrom('people')
      .selectAll()
      .where('name', '=', name)
      .executeTakeFirstOrThrow();
    return { person, begin: () => beginSession(people, person, PLACE) };
  }
});
