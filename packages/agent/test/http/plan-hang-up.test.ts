import { once } from 'node:events';
import { connect } from 'node:tls';
import type { PackagePlans } from '@linux-patch/worker';
import { expect, it } from 'vitest';
import { shelfInventory } from './shelf-inventory.ts';
import { clientOptions, startWorld } from './world.ts';

it('a plan is given up when its caller hangs up', async () => {
  const begun = Promise.withResolvers<AbortSignal>();
  const shelf = shelfInventory();
  const patches: PackagePlans['patches'] = async (_wish, { signal }) => {
    if (!signal) throw new Error('nothing says when to give up');
    begun.resolve(signal);
    await once(signal, 'abort');
    throw signal.reason;
  };
  await using world = await startWorld({
    app: { inventory: { ...shelf, plans: { ...shelf.plans, patches } } },
  });
  const body = JSON.stringify({ packages: ['alpha'] });
  const socket = connect(clientOptions(world), () =>
    socket.write(
      `POST /api/v1/patches/plan HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    ),
  );
  const signal = await begun.promise;
  expect(signal.aborted).toBe(false);
  socket.destroy();
  if (!signal.aborted) await once(signal, 'abort');
  expect(signal.reason).toMatchObject({ code: 'CANCELLED' });
});
