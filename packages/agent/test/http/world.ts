import { readFileSync } from 'node:fs';
import { request as httpsRequest } from 'node:https';
import { join } from 'node:path';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import type { Envelope } from '@linux-patch/contract';
import { type TestAuthority, type TestIdentity, testAuthority } from '@linux-patch/pki/testing';
import { type Clock } from '@linux-patch/runtime';
import { systemClock, systemFiles, systemRandom } from '@linux-patch/runtime/node';
import { createRefusalRecorder } from '../../src/http/refusals.ts';
import { openAgentServer } from '../../src/http/server.ts';
import { createIdentity, type Identity } from '../../src/identity/identity.ts';
import { type IdentityMeta, MANUAL_IDENTITY } from '../../src/identity/store/identity-meta.ts';
import type { Material } from '../../src/identity/store/material.ts';
import { judgeMaterial } from '../../src/identity/store/read.ts';
import { closeServices, openServices, type ServicesOptions } from './world-services.ts';

/** What is odd about the server of a world. */
export interface OddServer {
  readonly bind?: string;
  readonly port?: number;
  readonly socketPath?: string;
  /** Undefined serves on the Unix socket. */
  readonly identity?: Identity | undefined;
  readonly allowedClients?: readonly string[];
  readonly isAllowedAddress?: (address: string) => boolean;
  readonly timeoutMs?: number;
  readonly handshakeMs?: number;
  readonly clock?: Clock;
}

export interface WorldOptions extends ServicesOptions {
  /** When its CA is made, epoch milliseconds; now unless a clock of the test says another time. */
  readonly now?: number;
  readonly server?: OddServer;
}

export interface Answer {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly envelope: Envelope;
  readonly text: string;
}

/** A served agent on a free port of the loopback, with a CA and a manager's client certificate of its own. */
export async function startWorld(options: WorldOptions = {}) {
  const authority = await testAuthority({ now: options.now ?? Date.now() });
  const [agent, manager] = await Promise.all([authority.issueAgent(), authority.issueManagerClient()]);
  const services = await openServices(options);
  const { folder, logger, audit, jobs, sockets, cache } = services;
  const odd: OddServer = { identity: servedIdentity(materialOf(authority, agent)), ...options.server };
  const {
    bind = '127.0.0.1',
    port = 0,
    socketPath = join(folder.path, 'api.sock'),
    clock = systemClock,
  } = odd;
  const server = await openAgentServer({
    where: { bind, port, socketPath },
    identity: odd.identity,
    access: {
      allowedClients: odd.allowedClients ?? ['patch-manager-client'],
      addresses: { allows: odd.isAllowedAddress ?? (() => true) },
      onRefused: createRefusalRecorder({ audit, clock, counters: services.counters }),
    },
    app: services.app,
    onUpgrade: (request, socket, head, caller) => sockets.accept(request, socket, head, caller),
    timeoutMs: odd.timeoutMs ?? 10_000,
    handshakeMs: odd.handshakeMs,
    doors: { clock, files: systemFiles, logger, random: systemRandom },
  }).catch(async (error: unknown) => {
    await closeServices(services);
    throw error;
  });
  return {
    authority,
    agent,
    manager,
    server,
    jobs,
    cache,
    logger,
    folder: folder.path,
    /** Events of the audit log, oldest first. */
    async audited(): Promise<{ event: string; details: Record<string, unknown> }[]> {
      await audit.flush();
      const text = readFileSync(services.auditPath, { encoding: 'utf8', flag: 'a+' });
      return text
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as { event: string; details: Record<string, unknown> });
    },
    async [Symbol.asyncDispose]() {
      await sockets[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
      await closeServices(services);
    },
  };
}
export type World = Awaited<ReturnType<typeof startWorld>>;

export function materialOf(authority: TestAuthority, identity: TestIdentity, crlPem?: string) {
  return {
    caPem: authority.caPem,
    certificatePem: identity.certificatePem,
    keyPem: identity.privateKeyPem,
    crlPem,
  };
}

/** An identity as the server takes it. */
export function servedIdentity(material: Material, meta: Partial<IdentityMeta> = {}): Identity {
  const place = {
    files: systemFiles,
    paths: { ca: 'ca.pem', certificate: 'server.pem', key: 'server.key.pem', crl: 'crl.pem' },
    clock: systemClock,
    thresholdDays: 7,
  };
  const status = judgeMaterial(place, material);
  return createIdentity({ material, meta: { ...MANUAL_IDENTITY, ...meta }, status });
}

/** TLS options of a client; without an identity it has no certificate. */
export function clientOptions(world: World, identity: TestIdentity | undefined = world.manager) {
  return {
    host: '127.0.0.1',
    port: world.server.port,
    ca: world.authority.caPem,
    ...(identity ? { cert: identity.chainPem, key: identity.privateKeyPem } : {}),
  };
}

/** One request of the manager, or of whoever `identity` is. */
export function call(
  world: World,
  path: string,
  options: {
    readonly method?: string;
    readonly body?: string | Uint8Array | object;
    readonly headers?: Readonly<Record<string, string>>;
    readonly identity?: TestIdentity;
  } = {},
): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const raw = typeof options.body === 'string' || options.body instanceof Uint8Array;
  const body = options.body === undefined || raw ? options.body : JSON.stringify(options.body);
  const json = body === undefined ? {} : { 'content-type': 'application/json' };
  const request = httpsRequest({
    ...clientOptions(world, options.identity ?? world.manager),
    agent: false,
    path,
    method: options.method ?? 'GET',
    headers: { ...json, ...options.headers },
  });
  request.once('error', reject);
  request.once('response', (response) => {
    const chunks: Buffer[] = [];
    response.on('data', (chunk: Buffer) => chunks.push(chunk));
    response.once('error', reject);
    response.once('end', () => {
      const text = Buffer.concat(chunks).toString('utf8');
      const envelope = (text.startsWith('{') ? JSON.parse(text) : undefined) as Envelope;
      resolve({ status: response.statusCode ?? 0, headers: response.headers, envelope, text });
    });
  });
  request.end(body as string | undefined);
  return promise;
}

/** Sends bytes over TLS and returns everything that comes back until the connection ends. */
export function exchange(options: ConnectionOptions, send: (socket: TLSSocket) => void): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const chunks: Buffer[] = [];
  const socket = connect(options, () => send(socket));
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.on('error', () => {});
  socket.once('close', () => resolve(Buffer.concat(chunks).toString('utf8')));
  return promise;
}
