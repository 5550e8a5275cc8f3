import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { AGENT_ROUTES, type PatchError, type Route } from '@linux-patch/contract';
import { type TestAuthority, testAuthority } from '@linux-patch/pki/testing';
import { systemClock, systemRandom } from '@linux-patch/runtime/node';
import { ManualClock } from '@linux-patch/runtime/testing';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { createFleetClient, type FleetClient } from '../src/fleet-client/client.ts';
import { watchJob } from '../src/fleet-client/watch-job.ts';
import { HEALTH_OF_ANY_AGENT } from '../src/fleet-watch/health-report.ts';
import { agentJob } from './agent-job.ts';

const FQDN = 'host.example.test';
const JOB = '3f2b8c5e-6d1a-4c7b-9e0f-123456789abc';
const HEALTH_BYTES = 64 * 1024;

let authority: TestAuthority;
let server: Server;
let answer: (incoming: IncomingMessage, outgoing: ServerResponse) => void;
let fleet: FleetClient;

beforeAll(async () => {
  authority = await testAuthority({ now: Date.now() });
});
beforeEach(async () => {
  const [own, client] = [await authority.issueAgent({ fqdn: FQDN }), await authority.issueManagerClient()];
  server = createServer({ cert: own.chainPem, key: own.privateKeyPem, minVersion: 'TLSv1.3' });
  server.on('request', (incoming: IncomingMessage, outgoing: ServerResponse) => answer(incoming, outgoing));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  fleet = createFleetClient(
    async () => ({
      caPem: authority.caPem,
      client: { certificatePem: client.chainPem, privateKeyPem: client.privateKeyPem },
      judge: async () => ({ revoked: false, known: true }),
      isNewest: async () => true,
      noteServed: async () => {},
    }),
    { random: systemRandom, clock: systemClock },
    { sign: () => ({ job: '', signature: '' }) },
  );
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

const agent = () => ({
  hostId: 'h',
  fqdn: FQDN,
  ipAddress: '127.0.0.1',
  port: (server.address() as AddressInfo).port,
});
const call = <R extends Route>(route: R, timeoutMs = 20_000) => fleet.call(agent(), route, { timeoutMs });
const refusal = (route: Route) =>
  call(route).then(
    () => 'accepted',
    (error: PatchError) => `${error.code}: ${error.message}`,
  );

function envelope(data: string): string {
  return `{"success":true,"request_id":"${JOB}","timestamp":"${new Date().toISOString()}","error":null,"data":${data}}`;
}

const say = (text: string) => {
  answer = (_incoming, outgoing) => outgoing.end(text);
};

const HEALTH = '{"status":"healthy","version":"1.2.0"}';
const aPackage = (n: number) => ({ name: `package-${n}`, version: '1.0-1', status: 'Installed' });
const listing = (count: number) =>
  envelope(JSON.stringify({ packages: Array.from({ length: count }, (_, n) => aPackage(n)), total: count }));

describe('an answer of a hostile agent', () => {
  it('that goes on for ever is read no further than the route allows', async () => {
    let written = 0;
    const { promise: over, resolve } = Promise.withResolvers<void>();
    answer = (_incoming, outgoing) => {
      const chunk = '[],'.repeat(5_000);
      const more = (): void => {
        while (!outgoing.destroyed) {
          written += chunk.length;
          if (!outgoing.write(chunk)) return;
        }
      };
      outgoing.on('drain', more).on('close', resolve);
      more();
    };
    expect(await refusal(HEALTH_OF_ANY_AGENT)).toMatch(/AGENT_UNREACHABLE.*larger than 65536 bytes/);
    await over;
    // What was on its way in the buffers of both sides.
    expect(written).toBeLessThan(16 * 1024 * 1024);
  });

  it('that says how large it is, is not read at all', async () => {
    answer = (_incoming, outgoing) => {
      outgoing.writeHead(200, { 'content-length': HEALTH_BYTES + 1 }).write('{');
    };
    expect(await refusal(HEALTH_OF_ANY_AGENT)).toContain('larger than 65536 bytes');
  });

  it('that drips ends when its time is over', async () => {
    answer = (_incoming, outgoing) => {
      const drip = (): void => void outgoing.write(' ', () => setTimeout(drip, 5));
      drip();
    };
    await expect(call(HEALTH_OF_ANY_AGENT, 200)).rejects.toThrow(/did not answer within 0.2 s/);
  });

  it.each([
    ['nested deeply', AGENT_ROUTES.health, '['.repeat(60_000)],
    ['of many empty lists', AGENT_ROUTES.health, envelope(`[${'[],'.repeat(20_000)}[]]`)],
    [
      'of many empty lists in a listing',
      AGENT_ROUTES.listPackages,
      envelope(`[${'[],'.repeat(5_000_000)}[]]`),
    ],
    ['of many numbers', AGENT_ROUTES.listPatches, envelope(`[${'1,'.repeat(2_000_000)}1]`)],
  ] as const)('%s is refused before it becomes objects', async (_what, route, text) => {
    say(text);
    expect(await refusal(route)).toMatch(/AGENT_UNREACHABLE.*not an agent's answer/);
  });

  it('with a fault in every item is refused for the first', async () => {
    say(envelope(`{"packages":[${'{},'.repeat(19_000)}{}],"total":1}`));
    expect(await refusal(AGENT_ROUTES.listPackages)).toMatch(/does not fit the contract \(packages\.0\.name/);
    say(
      envelope(
        `{"packages":[{"name":"a","version":"1","status":"held","cve_ids":[${'1,'.repeat(400_000)}1]}],"total":1}`,
      ),
    );
    expect(await refusal(AGENT_ROUTES.listPackages)).toContain('packages.0.cve_ids');
    for (const list of ['steps', 'new_packages', 'removed_packages', 'left_out']) {
      say(envelope(`{"${list}":[${'1,'.repeat(400_000)}1]}`));
      expect(await refusal(AGENT_ROUTES.planPatches)).toMatch(/does not fit the contract/);
    }
  });

  it('with words without end in a refusal is shown in short', async () => {
    say(
      `{"success":false,"request_id":"${JOB}","timestamp":"${new Date().toISOString()}","data":null,` +
        `"error":{"code":"X","message":"${'a'.repeat(60_000)}","details":{},"retryable":false}}`,
    );
    expect((await refusal(HEALTH_OF_ANY_AGENT)).length).toBeLessThan(1_200);
  });
});

describe('an answer of an honest agent', () => {
  it('may list 20,000 packages, in the words of an older one', async () => {
    say(listing(20_000));
    const { packages, offset } = await call(AGENT_ROUTES.listPackages);
    expect([packages.length, offset]).toEqual([20_000, 0]);
    expect(packages[7]).toMatchObject({ name: 'package-7', status: 'installed', cve_ids: [], held: false });
    say(listing(20_001));
    expect(await refusal(AGENT_ROUTES.listPackages)).toContain('more than 20000 items');
  });

  it('of health is read', async () => {
    say(envelope(HEALTH));
    expect(await call(HEALTH_OF_ANY_AGENT)).toMatchObject({ status: 'healthy', version: '1.2.0' });
  });
});

function frame(seq: number, jobId: string, output: string, status = 'running'): string {
  const type = status === 'running' ? 'job_status' : 'job_complete';
  const payload = {
    type,
    event: type,
    job_id: jobId,
    status,
    progress: 1,
    progress_percent: 1,
    message: 'm',
    timestamp: new Date().toISOString(),
    output,
    seq,
  };
  return JSON.stringify({ ...payload, payload: { ...payload, output: '' } });
}

/** Lets the agent do this with whoever connects. */
function onConnection(serve: (socket: WebSocket) => void): void {
  const sockets = new WebSocketServer({ noServer: true });
  server.on('upgrade', (request, socket, head) => sockets.handleUpgrade(request, socket, head, serve));
}

const watch = (fromSeq?: number, clock = new ManualClock()) =>
  watchJob({
    fromSeq,
    client: fleet,
    clock,
    agent: agent(),
    jobId: JOB,
    signal: new AbortController().signal,
  });

describe('frames of a job', () => {
  it('wait at the agent while nobody reads them here', async () => {
    const total = 3_000;
    let sent = 0;
    onConnection((socket) => {
      const next = (): void => {
        if (sent === total) socket.send(frame(total, JOB, '', 'completed'));
        else socket.send(frame(sent, JOB, 'x'.repeat(50_000)), () => ((sent += 1), next()));
      };
      next();
    });
    let [read, ahead] = [0, 0];
    for await (const _ of watch()) {
      read += 1;
      ahead = Math.max(ahead, sent - read);
      // A reader that is slower than the agent.
      for (let turns = 0; turns < 5; turns += 1) await turn();
    }
    expect(read).toBe(total + 1);
    // 64 wait here; what fits into the buffers of the network are the others.
    expect(ahead).toBeLessThan(1_000);
  });

  it('after the last that was seen are asked for, with how many are gone; what is polled later has no number of its own', async () => {
    const wishes: unknown[] = [];
    onConnection((socket) => {
      socket.on('message', (data: Buffer) => {
        wishes.push(JSON.parse(data.toString('utf8')));
        const missed = JSON.parse(frame(8, JOB, 'line 8'));
        socket.send(JSON.stringify({ ...missed, missed: 2 }));
        socket.send(frame(9, JOB, 'line 9'), () => socket.close());
      });
    });
    say(envelope(JSON.stringify(agentJob({ status: 'completed' }))));
    const seen = await Array.fromAsync(watch(5), ({ seq, missed, output }) => [seq, missed, output]);
    expect(wishes).toEqual([{ type: 'subscribe', job_id: JOB, from_seq: 5 }]);
    expect(seen).toEqual([
      [8, 2, 'line 8'],
      [9, 0, 'line 9'],
      [9, 0, null],
    ]);
  });

  it('about other jobs end the connection when there is no end of them; the job is asked for then', async () => {
    const { promise: closed, resolve } = Promise.withResolvers<void>();
    onConnection((socket) => {
      socket.on('close', () => resolve());
      const next = (): void => socket.send(frame(1, 'other', ''), (error) => error ?? setImmediate(next));
      next();
    });
    answer = (_incoming, outgoing) => outgoing.writeHead(404).end();
    await expect(watch().next()).rejects.toMatchObject({ code: 'AGENT_UNREACHABLE' });
    await closed;
  });

  it('that do not come for 90 s end the connection, and the job is asked for; whoever pings is heard', async () => {
    const { promise: connected, resolve } = Promise.withResolvers<WebSocket>();
    onConnection((socket) => void socket.once('message', () => resolve(socket)));
    say(envelope(JSON.stringify(agentJob({ status: 'completed' }))));
    const clock = new ManualClock();
    let ended = false;
    const next = watch(undefined, clock).next();
    void next.then(() => (ended = true));
    const socket = await connected;
    const closed = once(socket, 'close');
    await clock.advance(80_000);
    socket.ping();
    await once(socket, 'pong');
    await clock.advance(90_000);
    expect([socket.readyState, ended]).toEqual([socket.OPEN, false]);
    await clock.advance(10_000);
    await closed;
    expect((await next).value).toMatchObject({ status: 'completed' });
  });
});
