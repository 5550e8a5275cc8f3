import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { join, normalize } from 'node:path';
import type { AptSource, ToyRepository } from './repository.ts';

/** One request a repository server has answered. */
export interface ServedRequest {
  readonly path: string;
  readonly status: number;
}

/** A toy repository over HTTP on loopback; a source for a private root as it is. */
export interface ServedRepository extends AptSource, AsyncDisposable {
  readonly url: string;
  /** What was asked for so far, oldest first. */
  readonly requests: readonly ServedRequest[];
}

function urlOf(server: Server): string {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the repository server has no port');
  return `http://127.0.0.1:${address.port}`;
}

function statusOf(error: unknown): number {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'ENOENT' || code === 'EISDIR' ? 404 : 500;
}

async function answerTo(folder: string, target: string): Promise<ServedRequest & { readonly body: Buffer }> {
  try {
    const path = decodeURIComponent(new URL(target, 'http://repository.invalid').pathname);
    // An absolute path has nothing above it, so this cannot leave the folder.
    return { path, status: 200, body: await readFile(join(folder, normalize(path))) };
  } catch (error) {
    return { path: target, status: statusOf(error), body: Buffer.alloc(0) };
  }
}

/** Serves a repository until disposed; port 0 takes a free one. A file that is not there is a 404. */
export async function serveRepository(
  repository: ToyRepository,
  options: { readonly port: number },
): Promise<ServedRepository> {
  const requests: ServedRequest[] = [];
  const server = createServer((request, response) => {
    void answerTo(repository.folder, request.url ?? '/').then(({ path, status, body }) => {
      requests.push({ path, status });
      response.writeHead(status, { 'content-length': body.length }).end(body);
    });
  });
  server.listen(options.port, '127.0.0.1');
  await once(server, 'listening');
  const url = urlOf(server);
  return {
    url,
    uri: url,
    suites: repository.suites,
    keyringPath: repository.keyringPath,
    requests,
    async [Symbol.asyncDispose]() {
      if (!server.listening) return;
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
