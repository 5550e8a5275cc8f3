import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { parseCertificate } from '@linux-patch/pki';
import { expect, it } from 'vitest';
import type { Tally } from './rotation-clients.ts';
import { clientOptions, materialOf, servedIdentity, startWorld, type World } from './world.ts';

const ROTATIONS = 20;
const KEEP_ALIVE = 500;
const SOCKETS = 50;
/** Some ten seconds on an idle machine. */
const LIMIT_MS = 300_000;

/** Serial number that a new connection gets, and how long it took to come about. */
async function newHandshake(world: World): Promise<string> {
  const socket = connect(clientOptions(world));
  await once(socket, 'secureConnect');
  const serial = socket.getPeerX509Certificate()?.serialNumber.toLowerCase() ?? '';
  socket.destroy();
  return serial;
}

it(
  'twenty changes of the certificate cost 500 keep-alive clients and 50 WebSockets nothing, and new handshakes see each within a second',
  async () => {
    await using world = await startWorld({
      app: { rateLimits: { readsPerMinute: 1_000_000, changesPerMinute: 1_000_000 } },
      server: { timeoutMs: 60_000 },
    });
    // In a process of their own, so that they do not take the server's time.
    const clients = fork(join(import.meta.dirname, 'rotation-clients.ts'), { execArgv: [] });
    clients.once('exit', (code) => {
      if (code !== 0) throw new Error(`the clients ended with ${code}`);
    });
    const told = async (): Promise<unknown> => ((await once(clients, 'message')) as [unknown])[0];
    clients.send({ tls: clientOptions(world), keepAlive: KEEP_ALIVE, sockets: SOCKETS });
    expect(await told()).toBe('ready');
    const latencies: number[] = [];
    for (let rotation = 0; rotation < ROTATIONS; rotation += 1) {
      const next = await world.authority.issueAgent();
      const serial = parseCertificate(next.certificatePem).serialHex;
      const beganMs = performance.now();
      await world.server.take(servedIdentity(materialOf(world.authority, next)));
      expect(await newHandshake(world)).toBe(serial);
      latencies.push(performance.now() - beganMs);
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
    const result = told();
    clients.send('stop');
    const tally = (await result) as Tally;
    expect(tally.failures).toEqual([]);
    expect(tally.requests).toBeGreaterThan(KEEP_ALIVE * 1.5);
    expect([tally.connections, tally.socketsOpen]).toEqual([KEEP_ALIVE, SOCKETS]);
    expect(tally.pongs).toBeGreaterThan(SOCKETS);
    // The first handshake after each change is the one above; the middle one says how long it takes on a busy machine.
    expect(latencies.toSorted((one, other) => one - other)[ROTATIONS / 2]).toBeLessThan(1_000);
  },
  LIMIT_MS,
);
