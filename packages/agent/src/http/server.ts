import type { IncomingMessage, Server } from 'node:http';
import type { Server as HttpsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { MANAGER_CLIENT_CN, messageOf, PatchError } from '@linux-patch/contract';
import {
  badRequestAnswer,
  type OpenConnections,
  peerAddress,
  serveApp,
  stopServer,
  trackConnections,
} from '@linux-patch/http';
import { addressPrefix } from '@linux-patch/pki';
import type { Clock, Files, Logger, Random } from '@linux-patch/runtime';
import type { Hono } from 'hono';
import { type Caller, LOCAL_CALLER } from '../access/caller.ts';
import { type ClientPolicy, judgeClient, type Refusal, refusalOfHandshake } from '../access/client-policy.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import { type Identity, isSameSet } from '../identity/identity.ts';
import type { AgentEnv } from './agent-env.ts';
import { listen, listenLocally } from './listen.ts';
import { createListener, guard, HEADER_LIMIT_BYTES, unusableMaterial } from './listener.ts';
import { createRefusalRecorder } from './refusals.ts';
import { readTarget } from './request-target.ts';
import { reserveLocalPort, servedSerial } from './self-check.ts';
import { secureContextOptions } from './tls-material.ts';

export interface AgentServerOptions {
  readonly bind: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** Without TLS: the Unix socket that is served instead of a port. */
  readonly socketPath: string;
  /** Undefined serves plain HTTP on the Unix socket. */
  readonly identity: Identity | undefined;
  /** Who may call, by configuration; without it who was learned at enrolment, else the manager's usual name. */
  readonly allowedClients: readonly string[] | undefined;
  readonly isAllowedAddress: (address: string) => boolean;
  readonly app: Hono<AgentEnv>;
  /** Takes over a WebSocket upgrade of the job events path. */
  readonly onUpgrade: (request: IncomingMessage, socket: Duplex, head: Buffer, caller: Caller) => void;
  readonly audit: AuditLog;
  /** Told about every refused connection, also those that the audit log only counts. */
  readonly onRefused?: (refusal: Refusal) => void;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly files: Files;
  readonly random: Random;
  /** Limit for a handshake, for the headers and for a whole request to arrive. */
  readonly timeoutSeconds: number;
}

/** The agent's listening server. Disposing it lets running answers finish for at most a second and a half. */
export interface AgentServer extends AsyncDisposable {
  readonly address: string;
  readonly port: number;
  /** Open connections, those in their handshake included. */
  readonly connections: number;
  /**
   * Takes another identity: certificate and key for new connections, and CAs, revocation list and manager for all of them.
   * Open connections go on unless their client may not call any more.
   * @throws PatchError when new connections do not get it; one that cannot be used at all changes nothing.
   */
  take(identity: Identity): Promise<void>;
  /**
   * Connects to the listener as a client would and checks that it serves the certificate of this serial number.
   * @throws PatchError `CERT_UNSUITABLE` when it does not.
   */
  confirmServes(serialHex: string): Promise<void>;
  /** Ends connections from addresses that are no longer allowed; call it when the allow list has changed. */
  reviewAddresses(): void;
}

/**
 * Beside the manager, many tools may keep connections, each of which costs some 50 kB. Of one address (IPv6: of one /64) few
 * have not shown a certificate yet: a handshake takes some milliseconds.
 */
const CONNECTIONS = { total: 1_024, unprovenPerCaller: 32, silentFirst: true };

/**
 * Binds the port and serves.
 * @throws PatchError `BIND_FAILED`; `CERT_CORRUPT` or `CERT_KEY_MISMATCH` for material that cannot be used.
 */
export async function openAgentServer(options: AgentServerOptions): Promise<AgentServer> {
  const server = new ListeningServer(options);
  await server.start();
  return server;
}

/** What decides who may call; a renewal changes nothing of it, and hundreds of connections are not looked at for it. */
function callersOf({ material, meta, list }: Identity): string {
  return JSON.stringify([material.caPem, meta.manager_client, list.list?.pem]);
}

class ListeningServer implements AgentServer {
  readonly #options: AgentServerOptions;
  readonly #server: Server | HttpsServer;
  readonly #connections: OpenConnections;
  /** What passed the checks, by the socket that HTTP sees. */
  readonly #callers = new Map<Socket, Caller>();
  #identity: Identity | undefined;
  #policy: ClientPolicy;
  #bound = { address: '', port: 0 };
  readonly #stopping = new AbortController();
  /** Ports from which the agent connects to itself; such a connection gets a handshake and nothing else. */
  readonly #ownChecks = new Set<number>();
  readonly #refuse: ReturnType<typeof createRefusalRecorder>;

  constructor(options: AgentServerOptions) {
    this.#options = options;
    this.#connections = trackConnections(CONNECTIONS, options.clock);
    this.#refuse = createRefusalRecorder(options);
    this.#identity = options.identity;
    this.#policy = this.#policyFor(options.identity);
    this.#server = createListener({
      material: options.identity?.material,
      timeoutSeconds: options.timeoutSeconds,
    });
    guard(this.#server, 'connection', (socket) => this.#admitAddress(socket));
    if (options.identity) this.#guardHandshakes();
    const serve = serveApp<AgentEnv>({
      ...options,
      readTarget,
      callerFacts: ({ socket }) => findCaller(this.#callers, socket),
      stopping: this.#stopping.signal,
      // A listing may take longer to read than one request may to arrive.
      stalledMs: options.timeoutSeconds * 4_000,
    });
    this.#server.on('request', serve);
    this.#server.on('checkExpectation', serve);
    this.#server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) =>
      this.#upgrade(request, socket, head),
    );
    this.#server.on('clientError', badRequestAnswer({ ...options, headerLimitBytes: HEADER_LIMIT_BYTES }));
  }

  async start(): Promise<void> {
    const { identity, socketPath, files } = this.#options;
    this.#bound = identity
      ? await listen(this.#server, this.#options, files)
      : { address: await listenLocally(this.#server, socketPath, files), port: 0 };
    this.#server.on('error', (error) => this.#options.logger.error('listener failed', { error }));
  }

  get address(): string {
    return this.#bound.address;
  }

  get port(): number {
    return this.#bound.port;
  }

  get connections(): number {
    return this.#connections.size;
  }

  async take(identity: Identity): Promise<void> {
    const { material } = identity;
    const before = this.#identity;
    const isOtherSet = !before || !isSameSet(before.material, material);
    if (isOtherSet) this.#useSet(identity);
    this.#identity = identity;
    this.#policy = this.#policyFor(identity);
    if (!before || callersOf(before) !== callersOf(identity)) this.#reviewClients();
    if (isOtherSet) await this.confirmServes(identity.facts?.serialHex ?? '');
  }

  #useSet({ material, issuers }: Identity): void {
    if (!('setSecureContext' in this.#server))
      throw new PatchError('CERT_UNSUITABLE', 'The listener does not use TLS (tls.enabled is false).');
    if (issuers.length === 0) throw new PatchError('CERT_CORRUPT', 'The CA file holds no certificate.');
    try {
      this.#server.setSecureContext(secureContextOptions(material));
    } catch (cause) {
      throw unusableMaterial(cause);
    }
  }

  async confirmServes(serialHex: string): Promise<void> {
    const localPort = await reserveLocalPort(this.#bound.address);
    this.#ownChecks.add(localPort);
    try {
      const served = await servedSerial({ ...this.#bound, localPort });
      if (BigInt(`0x${served || '0'}`) === BigInt(`0x${serialHex || '0'}`)) return;
      throw new PatchError(
        'CERT_UNSUITABLE',
        `New connections get the certificate with serial ${served}, not ${serialHex}.`,
      );
    } finally {
      this.#ownChecks.delete(localPort);
    }
  }

  #policyFor(identity: Identity | undefined): ClientPolicy {
    const manager = identity?.meta.manager_client ?? undefined;
    return {
      allowedClients: this.#options.allowedClients ?? [manager?.cn ?? MANAGER_CLIENT_CN],
      manager,
      revoked: identity?.list.list?.serials ?? new Set(),
      authorities: identity?.issuers ?? [],
    };
  }

  /** Ends the connections of clients that may not call any more. */
  #reviewClients(): void {
    const nowMs = this.#options.clock.now();
    for (const [socket, { address }] of this.#callers) {
      if (!(socket instanceof TLSSocket)) continue;
      const verdict = judgeClient(socket.getPeerX509Certificate(), address, this.#policy, nowMs);
      if ('refusal' in verdict) this.#end(socket, address, verdict.refusal);
    }
  }

  reviewAddresses(): void {
    for (const socket of this.#connections.sockets) {
      const address = peerAddress(socket.remoteAddress);
      if (address === undefined || this.#isOwnCheck(socket) || this.#options.isAllowedAddress(address))
        continue;
      this.#denyAddress(socket, address);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    this.#stopping.abort(new PatchError('CANCELLED', 'The agent is stopping.'));
    await stopServer(this.#server, this.#connections.sockets, this.#options.clock);
  }

  /** The address filter: a stranger's connection ends before TLS has written a byte. */
  #admitAddress(socket: Socket): boolean {
    // A Unix socket has no address, and root alone can connect to it.
    if (!this.#options.identity) {
      this.#connections.takeOwn(socket);
      this.#accept(socket, LOCAL_CALLER);
      return true;
    }
    if (this.#isOwnCheck(socket)) {
      this.#connections.takeOwn(socket);
      return true;
    }
    const address = peerAddress(socket.remoteAddress);
    if (address === undefined) {
      socket.destroy();
      return false;
    }
    if (!this.#options.isAllowedAddress(address)) {
      this.#denyAddress(socket, address);
      return false;
    }
    return this.#connections.take(socket, addressPrefix(address));
  }

  #isOwnCheck(socket: Socket): boolean {
    return socket.remotePort !== undefined && this.#ownChecks.has(socket.remotePort);
  }

  #guardHandshakes(): void {
    this.#server.removeAllListeners('tlsClientError');
    this.#server.on('tlsClientError', (error: NodeJS.ErrnoException, socket: TLSSocket) => {
      if (this.#isOwnCheck(socket)) {
        socket.destroy();
        return;
      }
      const verification = socket.authorizationError as Error | string | null | undefined;
      const address = peerAddress(socket.remoteAddress) ?? 'unknown';
      this.#end(socket, address, refusalOfHandshake(error.code ?? error.message, verification?.toString()));
    });
    guard(this.#server, 'secureConnection', (socket) => this.#admitClient(socket as TLSSocket));
  }

  #admitClient(socket: TLSSocket): boolean {
    const address = peerAddress(socket.remoteAddress) ?? 'unknown';
    try {
      const verdict = judgeClient(
        socket.getPeerX509Certificate(),
        address,
        this.#policy,
        this.#options.clock.now(),
      );
      if ('caller' in verdict) {
        this.#connections.prove(socket);
        this.#accept(socket, verdict.caller);
        return true;
      }
      this.#end(socket, address, verdict.refusal);
    } catch (error) {
      this.#end(socket, address, { code: 'AUTH_CERT_UNTRUSTED', reason: messageOf(error) });
    }
    return false;
  }

  #accept(socket: Socket, caller: Caller): void {
    this.#callers.set(socket, caller);
    socket.once('close', () => this.#callers.delete(socket));
  }

  #denyAddress(socket: Socket, address: string): void {
    this.#end(socket, address, {
      code: 'AUTHZ_IP_DENIED',
      reason: 'the address is not on the allow list',
    });
  }

  #end(socket: Socket, address: string, refusal: Refusal): void {
    socket.destroy();
    this.#options.onRefused?.(refusal);
    this.#refuse(address, refusal);
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    // Node's own listener has gone with the upgrade, and a client may hang up at any moment.
    socket.on('error', () => {});
    const caller = this.#callers.get(request.socket);
    if (!caller || this.#stopping.signal.aborted) {
      socket.destroy();
      return;
    }
    this.#options.onUpgrade(request, socket, head, caller);
  }
}

function findCaller(
  callers: ReadonlyMap<Socket, Caller>,
  socket: Socket,
): { readonly caller: Caller } | undefined {
  const caller = callers.get(socket);
  return caller && { caller };
}
