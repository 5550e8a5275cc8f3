import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { connect, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { PatchError } from '@linux-patch/contract';
import { type HttpApp, serveOn, stopServer } from '@linux-patch/http';
import { type Clock, type Files, type Logger, ownUid, type Random } from '@linux-patch/runtime';
import type { ManagerRequest } from './manager-request.ts';
import { readTarget } from './request-target.ts';
import { HEADER_LIMIT_BYTES, TIME_LIMITS } from './server.ts';

export interface LocalServerOptions {
  /** Where the socket appears. */
  readonly path: string;
  readonly app: HttpApp<ManagerRequest>;
  readonly files: Files;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** Room for a path in the address of a Unix socket, without its end (unix(7)). */
const MAX_PATH_BYTES = 107;
/** Commands at once, of people and their scripts. */
const MAX_CONNECTIONS = 1_024;

function unusable(path: string, why: string, cause?: unknown): PatchError {
  return new PatchError(
    'BIND_FAILED',
    `The manager cannot listen on ${path}, where the command line reaches it: ${why}.`,
    { cause },
  );
}

/** The folder is the manager's alone: whoever could write in it could listen in the manager's place. */
async function ownFolder(files: Files, path: string): Promise<void> {
  const folder = dirname(path);
  await files.makeFolder(folder, 0o700);
  const facts = await files.facts(folder);
  if (facts?.kind !== 'folder') throw unusable(path, `${folder} is no folder; remove it and start again`);
  const uid = await ownUid(files);
  if (facts.uid !== uid) {
    throw unusable(
      path,
      `${folder} belongs to user ${facts.uid}, not to ${uid}, as whom the manager runs; remove it and start again`,
    );
  }
  if ((facts.mode & 0o077) !== 0) await files.setMode(folder, 0o700);
}

async function isAnswered(path: string): Promise<boolean> {
  const socket = connect(path);
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** What a manager that was killed left behind. */
async function removeLeftover(files: Files, path: string): Promise<void> {
  if ((await files.facts(path))?.kind !== 'other') return;
  if (await isAnswered(path)) {
    throw unusable(
      path,
      'another manager with the same folders runs and answers there; stop it first: systemctl stop linux-patch-manager',
    );
  }
  await files.remove(path);
}

async function listen(server: Server, path: string): Promise<void> {
  server.listen(path);
  try {
    await once(server, 'listening');
  } catch (error) {
    throw unusable(path, (error as Error).message, error);
  }
}

/**
 * Serves the app on a Unix socket that only root and the manager's own user can open; who comes in there needs nothing
 * else. Disposing it removes the socket and waits a moment for running answers.
 *
 * @throws PatchError `BIND_FAILED`
 */
export async function openLocalServer(options: LocalServerOptions): Promise<AsyncDisposable> {
  const { path, files, clock, random, logger } = options;
  if (Buffer.byteLength(path) > MAX_PATH_BYTES)
    throw unusable(path, `the path has more than ${MAX_PATH_BYTES} bytes; take a shorter folder for --root`);
  await ownFolder(files, path);
  await removeLeftover(files, path);
  const stopping = new AbortController();
  const sockets = new Set<Socket>();
  const { headersMs, requestMs, stalledMs } = TIME_LIMITS;
  const server = createServer({
    maxHeaderSize: HEADER_LIMIT_BYTES,
    headersTimeout: headersMs,
    requestTimeout: requestMs,
  });
  server.maxConnections = MAX_CONNECTIONS;
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  serveOn<ManagerRequest>(
    server,
    {
      ...options,
      readTarget,
      stopping: stopping.signal,
      stalledMs,
      callerFacts: () => ({ observedAddress: 'local', isLocal: true, markProven: () => {} }),
    },
    { random, headerLimitBytes: HEADER_LIMIT_BYTES },
  );
  await listen(server, path);
  server.on('error', (error) => logger.error('listener of the command line failed', { error }));
  // Nobody else gets into the folder, so nobody was faster.
  await files.setMode(path, 0o600);
  return {
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await stopServer(server, sockets, clock);
    },
  };
}
