import type { IncomingMessage, Server } from 'node:http';
import type { Server as HttpsServer } from 'node:https';
import type { Duplex } from 'node:stream';
import { PatchError } from '@linux-patch/contract';
import { type HttpApp, serveOn, stopServer } from '@linux-patch/http';
import { type Clock, type Files, findPortHolder, type Logger, type Random } from '@linux-patch/runtime';
import type { Caller } from '../access/caller.ts';
import type { Identity } from '../identity/identity.ts';
import { isSameSet } from '../identity/store/material.ts';
import type { AgentRequest } from './agent-request.ts';
import { type AccessOptions, ConnectionGuard } from './connection-guard.ts';
import { type FindHolder, type ListenAddress, listen, listenLocally } from './listen.ts';
import { createListener, HEADER_LIMIT_BYTES, secureContextOptions, unusableMaterial } from './listener.ts';
import { readTarget } from './request-target.ts';
import { servedSerial } from './self-check.ts';

export interface AgentServerOptions {
  /** With TLS a port, of which 0 takes any free one; without it the Unix socket. */
  readonly where: ListenAddress & { readonly socketPath: string };
  /** Undefined serves plain HTTP on the Unix socket. */
  readonly identity: Identity | undefined;
  readonly access: AccessOptions;
  readonly app: HttpApp<AgentRequest>;
  /** Takes over a WebSocket upgrade of the job events path. */
  readonly onUpgrade: (request: IncomingMessage, socket: Duplex, head: Buffer, caller: Caller) => void;
  /** Limit for a handshake, for the headers and for a whole request to arrive. */
  readonly timeoutMs: number;
  /** Shorter limit for a handshake. Default: five seconds. */
  readonly handshakeMs?: number | undefined;
  readonly doors: {
    readonly clock: Clock;
    readonly files: Files;
    readonly logger: Logger;
    readonly random: Random;
    /** Default: what /proc shows to this process. */
    readonly findHolder?: FindHolder;
  };
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
 * Binds the port and serves.
 * @throws PatchError `BIND_FAILED`; `CERT_CORRUPT` or `CERT_KEY_MISMATCH` for material that cannot be used.
 */
export async function openAgentServer(options: AgentServerOptions): Promise<AgentServer> {
  const server = new ListeningServer(options);
  await server.start();
  return server;
}

class ListeningServer implements AgentServer {
  readonly #options: AgentServerOptions;
  readonly #server: Server | HttpsServer;
  readonly #guard: ConnectionGuard;
  #material: Identity['material'] | undefined;
  #bound = { address: '', port: 0 };
  readonly #stopping = new AbortController();

  constructor(options: AgentServerOptions) {
    const { identity, access, app, timeoutMs, handshakeMs } = options;
    const { clock, logger, random } = options.doors;
    this.#options = options;
    this.#material = identity?.material;
    this.#guard = new ConnectionGuard(access, identity, clock);
    this.#server = createListener({ material: identity?.material, timeoutMs, handshakeMs });
    this.#guard.guard(this.#server);
    const adapter = {
      app,
      readTarget,
      callerFacts: ({ socket }: IncomingMessage) => {
        const caller = this.#guard.callerAt(socket);
        return caller && { caller, trail: {} };
      },
      stopping: this.#stopping.signal,
      // A listing may take longer to read than one request may to arrive.
      stalledMs: timeoutMs * 4,
      clock,
      logger,
    };
    serveOn<AgentRequest>(this.#server, adapter, { random, headerLimitBytes: HEADER_LIMIT_BYTES });
    this.#server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) =>
      this.#upgrade(request, socket, head),
    );
  }

  async start(): Promise<void> {
    const { identity, where } = this.#options;
    const { files, logger, findHolder = (port) => findPortHolder(port, { files }) } = this.#options.doors;
    this.#bound = identity
      ? await listen(this.#server, where, findHolder)
      : { address: await listenLocally(this.#server, where.socketPath, files), port: 0 };
    this.#server.on('error', (error) => logger.error('listener failed', { error }));
  }

  get address(): string {
    return this.#bound.address;
  }

  get port(): number {
    return this.#bound.port;
  }

  get connections(): number {
    return this.#guard.open.size;
  }

  async take(identity: Identity): Promise<void> {
    const { material } = identity;
    const isOtherSet = !this.#material || !isSameSet(this.#material, material);
    if (isOtherSet) this.#useSet(identity);
    this.#material = material;
    this.#guard.judgeBy(identity);
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
    const served = await servedSerial(this.#bound, (localPort) => this.#guard.expectOwnCheck(localPort));
    if (BigInt(`0x${served || '0'}`) === BigInt(`0x${serialHex || '0'}`)) return;
    throw new PatchError(
      'CERT_UNSUITABLE',
      `New connections get the certificate with serial ${served}, not ${serialHex}.`,
    );
  }

  reviewAddresses(): void {
    this.#guard.reviewAddresses();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    this.#stopping.abort(new PatchError('CANCELLED', 'The agent is stopping.'));
    await stopServer(this.#server, this.#guard.open.sockets, this.#options.doors.clock);
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    // Node's own listener has gone with the upgrade, and a client may hang up at any moment.
    socket.on('error', () => {});
    const caller = this.#guard.callerAt(request.socket);
    if (!caller || this.#stopping.signal.aborted) {
      socket.destroy();
      return;
    }
    this.#options.onUpgrade(request, socket, head, caller);
  }
}
