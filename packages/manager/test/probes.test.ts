import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startWorld, type World } from './world.ts';

let world: World;
beforeEach(async () => {
  world = await startWorld();
});
afterEach(() => world[Symbol.asyncDispose]());

describe('what load balancers ask', () => {
  it.each(['/livez', '/readyz'])('%s is answered without a credential', async (path) => {
    const { status, text, headers } = await world.call({ path });
    expect({ status, text }).toEqual({ status: 200, text: 'ok\n' });
    expect(headers['content-type']).toMatch(/^text\/plain/);
  });

  it('says that a manager without its database is alive but not ready, and only the log says why', async () => {
    await world.database.db.schema.alterTable('hosts').renameTo('lost').execute();
    const { status, text } = await world.call({ path: '/readyz' });
    expect({ status, text }).toEqual({ status: 503, text: expect.not.stringContaining('hosts') });
    expect(text).toContain('The manager is not ready; its log says why.');
    expect((await world.call({ path: '/livez' })).status).toBe(200);
    expect(JSON.stringify(world.logger.records)).toMatch(
      /no such table: hosts|relation .*hosts.* does not exist/,
    );
  });
});
