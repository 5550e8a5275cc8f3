import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import { join } from 'node:path';
import { freePort } from '@linux-patch/runtime/testing';
import type { LabHost } from '../agent-process.ts';

/** What a hostile agent answers: data of a success, or the message of a failure. */
export type HostileAnswer =
  | { readonly data: unknown }
  | { readonly code: string; readonly message: string }
  | { readonly raw: string };

/** Whoever has root on a host has its certificate: a server with it on a port of its own, which says what it wants. */
export async function openHostileAgent(
  host: LabHost,
  answer: (method: string, path: string) => HostileAnswer,
  wantedPort?: number,
): Promise<AsyncDisposable & { readonly port: number }> {
  const certificates = join(host.root, 'etc/linux_patch_api/certs');
  const [cert, key] = await Promise.all(
    ['server.pem', 'server.key.pem'].map((name) => readFile(join(certificates, name))),
  );
  const server = createServer({ cert, key, minVersion: 'TLSv1.3' }, (incoming, outgoing) => {
    incoming.resume();
    const said = answer(incoming.method ?? '', incoming.url ?? '');
    const failed = 'code' in said;
    const envelope = {
      success: !failed,
      request_id: '3f2b8c5e-6d1a-4c7b-9e0f-123456789abc',
      timestamp: new Date().toISOString(),
      data: 'data' in said ? said.data : null,
      error: failed ? { code: said.code, message: said.message, details: {}, retryable: false } : null,
    };
    outgoing
      .writeHead(failed ? 500 : 200, { 'content-type': 'application/json' })
      .end('raw' in said ? said.raw : JSON.stringify(envelope));
  });
  const port = wantedPort ?? (await freePort(host.address));
  server.listen(port, host.address);
  await once(server, 'listening');
  return {
    port,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
