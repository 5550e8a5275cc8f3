import { afterAll, beforeAll, expect, it } from 'vitest';
import { callHttps } from './https-call.ts';
import { startWorld, type World } from './world.ts';

const DAY_MS = 86_400_000;

let world: World;
beforeAll(async () => {
  world = await startWorld({}, Date.now() + 400 * DAY_MS);
});
afterAll(() => world[Symbol.asyncDispose]());

it('a manager is believed by the clock of its test, and one of another CA is not', async () => {
  expect((await world.call({ path: '/livez' })).status).toBe(200);
  await using other = await startWorld();
  await expect(callHttps({ port: world.port, ca: other.caPem }, { path: '/livez' })).rejects.toThrow(
    'not believed',
  );
});
