import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { type IncomingMessage, request, type ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from '@linux-patch/runtime/testing';
import type { LabHost } from '../../agent-process.ts';
import { adminSocketOf } from '../../bench/manager-api.ts';
import { readProcess } from '../../bench/proc.ts';
import { askUntil } from '../../wait.ts';
import type { AttackCase } from '../attack-case.ts';
import { callAsStranger } from '../stranger.ts';

const AT_ONCE = 64;
const WATCHERS = 8;
const WATCHED_MS = 5_000;
const MOST_MB = 300;
/** How much longer another caller may wait than while as many calls go to an honest host, and what always is in order. */
const SLOWER = 3;
const IN_ORDER_MS = 1_000;
const JOB = '3f2b8c5e-6d1a-4c7b-9e0f-123456789abc';
const CHUNK = '[],'.repeat(20_000);
/** RFC 6455 §1.3 */
const WEBSOCKET_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** Sends more whenever there is room, until the other side has enough. */
function flood(stream: ServerResponse | Duplex, chunk: string | Buffer): void {
  const more = (): void => {
    while (!stream.destroyed && stream.write(chunk));
  };
  stream.on('drain', more).on('error', () => undefined);
  more();
}

/** A text frame about the job, with a quarter of a megabyte of output. */
function frame(): Buffer {
  const payload = {
    type: 'job_status',
    event: 'job_status',
    job_id: JOB,
    status: 'running',
    progress: 1,
    progress_percent: 1,
    message: 'on it',
    timestamp: new Date().toISOString(),
    output: 'x'.repeat(256 * 1024),
    seq: 1,
  };
  const text = Buffer.from(JSON.stringify({ ...payload, payload: { ...payload, output: '' } }));
  const head = Buffer.alloc(10);
  head[0] = 0x81;
  head[1] = 127;
  head.writeBigUInt64BE(BigInt(text.length), 2);
  return Buffer.concat([head, text]);
}

/** Whoever has root on a host has its certificate: a server with it that answers everything with no end. */
async function openFlood(host: LabHost) {
  const certificates = join(host.root, 'etc/linux_patch_api/certs');
  const [cert, key] = await Promise.all(
    ['server.pem', 'server.key.pem'].map((name) => readFile(join(certificates, name))),
  );
  const asked = new Map<string, number>();
  const server = createServer({ cert, key, minVersion: 'TLSv1.3' }, (incoming, outgoing) => {
    const [path = ''] = (incoming.url ?? '').split('?');
    asked.set(path, (asked.get(path) ?? 0) + 1);
    outgoing.writeHead(200, { 'content-type': 'application/json' });
    flood(outgoing, CHUNK);
  });
  server.on('upgrade', (incoming: IncomingMessage, socket: Duplex) => {
    const accept = createHash('sha1')
      .update(`${incoming.headers['sec-websocket-key']}${WEBSOCKET_GUID}`)
      .digest('base64');
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
    asked.set('watch', (asked.get('watch') ?? 0) + 1);
    socket.resume();
    flood(socket, frame());
  });
  const port = await freePort(host.address);
  server.listen(port, host.address);
  await once(server, 'listening');
  return {
    port,
    asked,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

/** What an administrator on the manager's machine is answered; 0 for no answer. */
async function statusOf(socketPath: string, path: string): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  const outgoing = request({ socketPath, path, agent: false }, (response) => {
    response.resume().on('error', () => resolve(0));
    response.on('end', () => resolve(response.statusCode ?? 0));
  });
  outgoing.on('error', () => resolve(0));
  outgoing.end();
  return promise;
}

/** Looks at the manager while something happens to it: memory, and how long another caller waits. */
async function observe<T>(manager: { readonly url: string; readonly pid: number }, work: Promise<T>) {
  const before = await readProcess(manager.pid);
  let [peakMb, slowestMs, over] = [0, 0, false];
  const looking = (async () => {
    while (!over) {
      const other = await callAsStranger({
        url: manager.url,
        path: '/api/v1/pki/ca.pem',
        from: '127.0.9.200',
      });
      if (other.status !== 200) throw new Error(`another caller is not served: ${other.text}`);
      slowestMs = Math.max(slowestMs, other.tookMs);
      peakMb = Math.max(peakMb, (await readProcess(manager.pid)).rssAnonMb - before.rssAnonMb);
      await pause(50);
    }
  })();
  const result = await work.finally(() => (over = true));
  await looking;
  if (peakMb > MOST_MB) throw new Error(`${Math.round(peakMb)} MB more memory`);
  return { result, peakMb, slowestMs };
}

export const HOSTILE_ANSWERS: AttackCase = {
  name: 'a3-hostile-answers',
  tried: `Somebody with root on a host answers ${AT_ONCE} calls of the manager to that one host at once, and its questions for health, with \`[],[],…\` and no end, and pushes frames of a job without end to ${WATCHERS} watchers that do not read.`,
  limitMs: 300_000,
  now: 'Each route has a limit of bytes, nesting and values before anything is parsed, all answers together have one, and frames wait at the host; service and memory stay as they are.',
  async run(world) {
    const manager = await world.manager({ configuration: ['fleet:', '  poll_minutes: 0.05'] });
    const host = await world.servingHost(manager);
    const socketPath = adminSocketOf(manager);
    const seen = { url: manager.url, pid: manager.program.pid };
    const ask = async (count: number, path: string): Promise<number[]> => {
      const calls = Array.from({ length: count }, () =>
        statusOf(socketPath, `/api/v1/hosts/${host.name}/${path}`),
      );
      return Promise.all(calls);
    };
    const honest = await observe(seen, ask(AT_ONCE, 'packages'));
    const hostile = world.use(await openFlood(host));
    await manager.json('hosts', 'set', host.name, '--port', String(hostile.port));
    const listings = await observe(seen, ask(AT_ONCE, 'packages'));
    const others = listings.result.filter((status) => status !== 502);
    if (others.length > 0) throw new Error(`answers ${[...new Set(others)].join(', ')} for nonsense`);
    const health = await observe(
      seen,
      askUntil('questions for health', async () =>
        (hostile.asked.get('/api/v1/health') ?? 0) >= 2 ? true : undefined,
      ),
    );
    const watched = await observe(seen, watchWithoutReading(socketPath, host.name));
    if (!hostile.asked.get('watch')) throw new Error('nobody watched');
    const peaks = [listings, health, watched].map((one) => `${Math.max(0, Math.round(one.peakMb))} MB`);
    const slowest = Math.max(listings.slowestMs, health.slowestMs, watched.slowestMs);
    if (slowest > SLOWER * Math.max(honest.slowestMs, IN_ORDER_MS))
      throw new Error(
        `another caller waited ${Math.round(slowest)} ms; ${Math.round(honest.slowestMs)} with honest answers`,
      );
    return `${peaks.join(', ')} more memory with listings, health and frames; another caller waits ${Math.round(slowest)} ms at most, ${Math.round(honest.slowestMs)} with honest answers`;
  },
};

/** Watches a job as the command line does, and takes nothing of what comes. */
async function watchWithoutReading(socketPath: string, host: string): Promise<void> {
  const path = `/api/v1/hosts/${host}/jobs/${JOB}/events`;
  const watchers = Array.from({ length: WATCHERS }, () => {
    const watcher = request({ socketPath, path, agent: false });
    watcher.on('error', () => undefined).on('response', (response) => response.pause());
    watcher.end();
    return watcher;
  });
  await pause(WATCHED_MS);
  for (const watcher of watchers) watcher.destroy();
}
