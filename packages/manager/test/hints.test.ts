import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BEAT_MS } from '../src/hints/hints.ts';
import { boundCaller } from './bound-callers.ts';
import { signIn } from './browser.ts';
import { type EventStream, openEvents } from './event-stream.ts';
import { newPerson } from './signed-people.ts';
import { startWorld, type World } from './world.ts';

const MINUTE_MS = 60_000;
const EVENTS = '/api/v1/events';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

/** A program with this role, and what it shows. */
let programs = 0;
async function newProgram(role: string, where = world) {
  programs += 1;
  const name = `program-${programs}`;
  const { secret } = (await where.admin('/api-tokens', { name, role })).json().data;
  return { name, headers: { authorization: `Bearer ${secret}` } };
}

/** Opens the stream, and takes what it begins with. */
async function listen(headers: Readonly<Record<string, string>>, where = world, path = EVENTS) {
  const stream = await openEvents(where, path, headers);
  return { stream, first: await stream.hint() };
}

/** Changes something about which there is no stranger's data: a join token. */
const makeToken = async (where = world) => {
  expect((await where.admin('/tokens', { uses: 1 })).status).toBe(200);
  await second(where);
};

/** Lets the second pass that lies between two hints: what was done before it is told of then. */
const second = (where = world) => where.advance(1_000);

describe('The stream of hints', () => {
  it('begins with what was missed, which nobody knows, and says what kind changed and nothing of it', async () => {
    const { headers } = await newProgram('admin');
    await second();
    const { stream, first } = await listen(headers);
    await using _ = stream;
    expect(first.changed).toEqual(['all']);
    await makeToken();
    const event = await stream.next();
    expect({ ...event, id: '' }).toEqual({
      id: '',
      event: 'hint',
      data: expect.stringMatching(/^\{"changed":\["(?:join-tokens|audit)"(?:,"[a-z-]+")*\]\}$/),
    });
  });

  it('tells who may see some hosts to look again at each sign of life, whatever happens to others', async () => {
    await world.admin('/groups', { name: 'web' });
    const { headers } = await boundCaller(world, [['viewer', '@group:web']]);
    const { stream } = await listen(headers);
    await using _ = stream;
    // Of this everybody else who sees hosts hears within a second.
    await world.admin('/groups', { name: 'others' });
    await second();
    await makeToken();
    for (let time = 0; time < 2; time += 1) await world.advance(BEAT_MS);
    expect((await stream.hint()).changed).toEqual(['hosts', 'packages', 'jobs', 'certificates']);
  });

  it('tells people and programs only of what they may read', async () => {
    const viewer = await signIn(world, await newPerson(world, 'viewer'));
    const program = await newProgram('viewer');
    await second();
    for (const { headers } of [viewer, program]) {
      const { stream } = await listen(headers);
      await using _ = stream;
      // All of them change the audit log, and the last one what a viewer reads.
      await newPerson(world, 'viewer');
      await second();
      await newProgram('viewer');
      await second();
      await makeToken();
      expect((await stream.hint()).changed).toEqual(['join-tokens']);
    }
  });

  it('is taken up where it was, in either way, and after a restart begins with everything', async () => {
    await using own = await startWorld();
    const { headers } = await newProgram('viewer', own);
    await second(own);
    const { stream, first } = await listen(headers, own);
    await stream[Symbol.asyncDispose]();
    await makeToken(own);
    const id = first.id ?? '';
    for (const resume of [
      () => listen({ ...headers, 'last-event-id': id }, own),
      () => listen(headers, own, `${EVENTS}?after=${encodeURIComponent(id)}`),
    ]) {
      const again = await resume();
      await using _ = again.stream;
      expect(again.first.changed).toEqual(['join-tokens']);
      const nothing = await listen({ ...headers, 'last-event-id': again.first.id ?? '' }, own);
      await using __ = nothing.stream;
      expect(nothing.first.changed).toEqual([]);
    }
    await own.restart();
    const after = await listen({ ...headers, 'last-event-id': id }, own);
    await using _ = after.stream;
    expect(after.first.changed).toEqual(['all']);
  });

  it('shows a sign of life where nothing happens, and ends after ten minutes to be taken up again', async () => {
    const { headers } = await newProgram('viewer');
    await second();
    const { stream } = await listen(headers);
    await using _ = stream;
    const sign = stream.next();
    // A hint, the second after it, and the quiet.
    for (let time = 0; time < 3; time += 1) await world.advance(15_000);
    expect(await sign).toEqual({ comment: '' });
    await world.advance(10 * MINUTE_MS);
    await world.advance(15_000);
    for (let event = await stream.next(); event; event = await stream.next())
      expect(event).toEqual({ comment: '' });
  });

  it('ends when the person signs out, and says that they have to sign in', async () => {
    const browser = await signIn(world, await newPerson(world, 'viewer'));
    const { stream } = await listen(browser.headers);
    await using _ = stream;
    expect((await browser.send('DELETE', '/api/v1/session')).status).toBe(200);
    const over = await stream.next();
    expect([over?.event, over?.data]).toEqual(['over', expect.stringContaining('"UNAUTHORIZED"')]);
    expect(await stream.next()).toBeUndefined();
  });

  it('ends when the token is revoked, and when it ends by itself', async () => {
    const revoked = await newProgram('viewer');
    const ended = await newProgram('viewer');
    const streams = [await listen(revoked.headers), await listen(ended.headers)].map(({ stream }) => stream);
    await world.admin(`/api-tokens/${revoked.name}/revoke`, {});
    expect((await streams[0]?.next())?.data).toContain('was revoked');
    await using late = await startWorld();
    const shortLived = await late.admin('/api-tokens', { name: 'short', role: 'viewer', expires_days: 1 });
    const headers = { authorization: `Bearer ${shortLived.json().data.secret}` };
    await late.advance(24 * 60 * MINUTE_MS - 5 * MINUTE_MS);
    const { stream } = await listen(headers, late);
    await late.advance(5 * MINUTE_MS);
    expect(await stream.next()).toMatchObject({ event: 'over' });
    for (const one of [...streams, stream]) await one[Symbol.asyncDispose]();
  });

  it('ends its oldest for the ninth of one session, and says so', async () => {
    const { headers } = await signIn(world, await newPerson(world, 'viewer'));
    const { stream: oldest } = await listen(headers);
    const others: EventStream[] = [];
    for (let number = 0; number < 8; number += 1) others.push((await listen(headers)).stream);
    expect((await oldest.next())?.data).toContain('"RATE_LIMIT_EXCEEDED"');
    for (const one of [oldest, ...others]) await one[Symbol.asyncDispose]();
  });

  it('is no secret way around a refusal: a stranger and a page of another site get none', async () => {
    const { headers } = await signIn(world, await newPerson(world, 'viewer'));
    const statuses: number[] = [];
    for (const shown of [{}, { ...headers, 'sec-fetch-site': 'cross-site' }]) {
      await using stream = await openEvents(world, EVENTS, shown);
      statuses.push(stream.status);
    }
    expect(statuses).toEqual([401, 403]);
  });

  it('ends when the manager stops, which does not wait for whoever listens', async () => {
    const own = await startWorld();
    const { headers } = await newProgram('viewer', own);
    const { stream } = await listen(headers, own);
    const sinceMs = performance.now();
    await own[Symbol.asyncDispose]();
    expect(performance.now() - sinceMs).toBeLessThan(2_000);
    expect(await stream.next()).toBeUndefined();
  });
});
