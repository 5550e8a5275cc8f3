import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { rawErrorAnswer } from '@linux-patch/http';
import { type Clock, type Logger, type Random, within } from '@linux-patch/runtime';
import type { RawData, WebSocket, WebSocketServer } from 'ws';
import type { Caller } from '../access/caller.ts';
import type { JobQueue } from '../jobs/queue.ts';
import { JobSubscriber } from './job-subscriber.ts';

/** Largest frame a client may send. */
const MAX_FRAME_BYTES = 64 * 1024;
const MAX_CLIENTS = 64;
const HEARTBEAT_MS = 30_000;
/** How long a client may take to answer the closing handshake. */
const CLOSE_LIMIT_MS = 1_000;
/** RFC 6455 §7.4.1: the endpoint is going away. */
const GOING_AWAY = 1001;

/** The WebSocket of job events. Disposing it closes every client. */
export interface JobSockets extends AsyncDisposable {
  /** Takes over an upgrade request of an admitted caller. */
  accept(request: IncomingMessage, socket: Duplex, head: Buffer, caller: Caller): void;
}

export interface JobSocketsOptions {
  readonly jobs: JobQueue;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** Opens the endpoint; clients are pinged every 30 s, and dropped when they have not answered by the next time. */
export function openJobSockets(options: JobSocketsOptions): JobSockets {
  const { jobs, clock, random, logger } = options;
  const silent = new WeakSet<WebSocket>();
  const stopped = new AbortController();

  const refuse = (socket: Duplex, code: 'INVALID_REQUEST' | 'SERVICE_UNHEALTHY', message: string): void => {
    const answer = rawErrorAnswer({ code, message, requestId: random.uuid(), nowMs: clock.now() });
    socket.end(answer, () => socket.destroy());
  };
  let server: WebSocketServer | undefined;
  let opening: Promise<WebSocketServer> | undefined;
  /** With the first client, because most starts of an agent have none and its parts take time to load. */
  const open = async (): Promise<WebSocketServer> => {
    server = await openServer();
    server.on('wsClientError', (error, socket) => refuse(socket, 'INVALID_REQUEST', `${error.message}.`));
    return server;
  };

  const serve = (client: WebSocket, caller: Caller): void => {
    const connectionId = random.uuid();
    const log = logger.with({ connection: connectionId, client: caller.commonName, address: caller.address });
    const subscriber = new JobSubscriber({
      jobs,
      clock,
      sink: {
        get bufferedAmount() {
          return client.bufferedAmount;
        },
        send: (text, sent) => client.send(text, (error) => (error ? undefined : sent())),
      },
    });
    const subscription = jobs.events.subscribe((event) => subscriber.deliver(event));
    client.on('message', (data: RawData) => subscriber.receive(textOf(data)));
    client.on('pong', () => silent.delete(client));
    client.on('error', (error) => log.debug('websocket failed', { error }));
    client.once('close', (closeCode) => {
      subscription[Symbol.dispose]();
      log.info('websocket closed', { close_code: closeCode });
    });
    log.info('websocket opened');
    subscriber.greet(connectionId);
  };

  const heartbeat = async (): Promise<void> => {
    for (;;) {
      await clock.sleep(HEARTBEAT_MS, stopped.signal);
      for (const client of server?.clients ?? []) {
        if (silent.has(client)) client.terminate();
        else client.ping();
        silent.add(client);
      }
    }
  };
  heartbeat().catch((error: unknown) => {
    if (!stopped.signal.aborted) logger.error('websocket heartbeat ended', { error });
  });

  const take = (opened: WebSocketServer, upgrade: Parameters<JobSockets['accept']>): void => {
    const [request, socket, head, caller] = upgrade;
    if (stopped.signal.aborted || opened.clients.size >= MAX_CLIENTS) {
      refuse(socket, 'SERVICE_UNHEALTHY', `At most ${MAX_CLIENTS} WebSocket clients are served at a time.`);
      return;
    }
    opened.handleUpgrade(request, socket, head, (client) => serve(client, caller));
  };

  return {
    accept(...upgrade) {
      const [, socket] = upgrade;
      // Nobody else hears it while the library is loaded, nor when the client is refused.
      socket.on('error', (error) => logger.debug('the connection of a websocket failed', { error }));
      opening ??= open();
      opening
        .then((opened) => take(opened, upgrade))
        .catch((error: unknown) => {
          logger.error('websocket cannot be opened', { error });
          socket.destroy();
        });
    },
    async [Symbol.asyncDispose]() {
      stopped.abort(new Error('stopped'));
      const opened = await opening;
      if (opened) await closeServer(opened, clock);
    },
  };
}

async function openServer(): Promise<WebSocketServer> {
  const { WebSocketServer } = await import('ws');
  return new WebSocketServer({
    noServer: true,
    maxPayload: MAX_FRAME_BYTES,
    perMessageDeflate: false,
    clientTracking: true,
  });
}

async function closeServer(server: WebSocketServer, clock: Clock): Promise<void> {
  for (const client of server.clients) client.close(GOING_AWAY, 'the agent is stopping');
  const { promise, resolve } = Promise.withResolvers<void>();
  server.close(() => resolve());
  await within(clock, CLOSE_LIMIT_MS, promise);
  for (const client of server.clients) client.terminate();
  await promise;
}

function textOf(data: RawData): string {
  if (Array.isArray(data)) return Buffer.concat(data).toString('utf8');
  return Buffer.from(data as Buffer).toString('utf8');
}
