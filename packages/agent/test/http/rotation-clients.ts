import { Agent, request } from 'node:https';
import process from 'node:process';
import type { ConnectionOptions } from 'node:tls';
import WebSocket from 'ws';

/** What the parent tells this process first. */
interface Orders {
  readonly tls: ConnectionOptions;
  readonly keepAlive: number;
  readonly sockets: number;
}

/** What this process tells at the end. */
export interface Tally {
  readonly requests: number;
  readonly failures: readonly string[];
  /** Connections that the requests used; as many as clients when none was dropped. */
  readonly connections: number;
  readonly pongs: number;
  readonly socketsOpen: number;
}

/** Between two requests of a client; all of them together ask some 250 times a second. */
const PAUSE_MS = 2_000;
let stopping = false;
const failures: string[] = [];
const counts = { requests: 0, connections: 0, pongs: 0 };
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function ask(agent: Agent, tls: ConnectionOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const call = request({ ...tls, agent, path: '/api/v1/jobs' }, (response) => {
      response.resume();
      response.once('error', reject);
      response.once('end', () => {
        if (response.statusCode === 200) resolve();
        else reject(new Error(`HTTP ${response.statusCode}`));
      });
    });
    call.once('socket', (socket) => {
      if (!call.reusedSocket) counts.connections += 1;
      socket.setMaxListeners(0);
    });
    call.once('error', reject);
    call.end();
  });
}

/** One client with one connection that asks again and again. */
async function keepAsking(tls: ConnectionOptions, ready: () => void): Promise<void> {
  const agent = new Agent({ ...tls, keepAlive: true, maxSockets: 1, maxCachedSessions: 0 });
  for (let first = true; !stopping; first = false) {
    await ask(agent, tls).then(
      () => (counts.requests += 1),
      (error: unknown) => failures.push(String(error)),
    );
    if (first) ready();
    await pause(PAUSE_MS * (0.5 + Math.random()));
  }
  agent.destroy();
}

function openSocket({ host, port, ...tls }: ConnectionOptions): Promise<WebSocket> {
  const socket = new WebSocket(`wss://${host}:${port}/api/v1/ws/jobs`, tls);
  socket.on('error', (error) => failures.push(`WebSocket: ${String(error)}`));
  socket.on('close', () => {
    if (!stopping) failures.push('WebSocket: closed');
  });
  socket.on('message', (data) => {
    if (String(data as Buffer).includes('"pong"')) counts.pongs += 1;
  });
  return new Promise((resolve) => socket.once('open', () => resolve(socket)));
}

async function run({ tls, keepAlive, sockets: wanted }: Orders): Promise<void> {
  const sockets: WebSocket[] = [];
  for (let index = 0; index < wanted; index += 1) sockets.push(await openSocket(tls));
  const pings = setInterval(() => {
    for (const socket of sockets) socket.send('{"type":"ping"}');
  }, PAUSE_MS);
  const clients: Promise<void>[] = [];
  for (let index = 0; index < keepAlive; index += 1) {
    const { promise, resolve } = Promise.withResolvers<void>();
    clients.push(keepAsking(tls, resolve));
    // Not all at once: a thousand handshakes in one moment are another test.
    if (index % 10 === 9) await promise;
  }
  process.send?.('ready');
  await new Promise<void>((resolve) => process.once('message', () => resolve()));
  stopping = true;
  clearInterval(pings);
  await Promise.all(clients);
  const socketsOpen = sockets.filter((socket) => socket.readyState === WebSocket.OPEN).length;
  for (const socket of sockets) socket.terminate();
  process.send?.({ ...counts, failures, socketsOpen } satisfies Tally, () => process.disconnect?.());
}

process.once('message', (orders) => void run(orders as Orders));
