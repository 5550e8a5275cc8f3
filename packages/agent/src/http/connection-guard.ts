import type { Server } from 'node:http';
import type { Server as HttpsServer } from 'node:https';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { MANAGER_CLIENT_CN, messageOf } from '@linux-patch/contract';
import { type OpenConnections, peerAddress, trackConnections } from '@linux-patch/http';
import { addressPrefix } from '@linux-patch/pki';
import type { Clock } from '@linux-patch/runtime';
import { type Caller, LOCAL_CALLER } from '../access/caller.ts';
import { type ClientPolicy, judgeClient, type Refusal, refusalOfHandshake } from '../access/client-policy.ts';
import type { AddressMatcher } from '../access/matcher.ts';
import type { Identity } from '../identity/identity.ts';
import { guard } from './listener.ts';

/** Who may connect. */
export interface AccessOptions {
  /** Who may call, by configuration; without it who was learned at enrolment, else the manager's usual name. */
  readonly allowedClients: readonly string[] | undefined;
  readonly addresses: AddressMatcher;
  /** Told about every connection that was refused. */
  readonly onRefused: (address: string, refusal: Refusal) => void;
}

/**
 * Beside the manager, many tools may keep connections, each of which costs some 50 kB. Of one address (IPv6: of one /64) few
 * have not shown a certificate yet: a handshake takes some milliseconds.
 */
const CONNECTIONS = { total: 1_024, unprovenPerCaller: 32, silentFirst: true };

/** What decides who may call; a renewal changes nothing of it, and hundreds of connections are not looked at for it. */
function callersOf({ material, meta, list }: Identity): string {
  return JSON.stringify([material.caPem, meta.manager_client, list.list?.pem]);
}

/**
 * Decides whose connections stay: by address before TLS has written a byte, by certificate after the handshake, and again
 * when the allow list or the identity changes.
 */
export class ConnectionGuard {
  readonly #options: AccessOptions;
  readonly #clock: Clock;
  readonly #connections: OpenConnections;
  /** What passed the checks, by the socket that HTTP sees. */
  readonly #callers = new Map<Socket, Caller>();
  /** Ports from which the agent connects to itself; such a connection gets a handshake and nothing else. */
  readonly #ownChecks = new Set<number>();
  #identity: Identity | undefined;
  #policy: ClientPolicy;

  /** @param identity undefined on a Unix socket, which root alone can open */
  constructor(options: AccessOptions, identity: Identity | undefined, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
    this.#connections = trackConnections(CONNECTIONS, clock);
    this.#identity = identity;
    this.#policy = this.#policyFor(identity);
  }

  /** Open connections, those in their handshake included. */
  get open(): Pick<OpenConnections, 'size' | 'sockets'> {
    return this.#connections;
  }

  /** Who is at the other end; undefined for who was not let in. */
  callerAt(socket: Socket): Caller | undefined {
    return this.#callers.get(socket);
  }

  /** Puts the checks before what the server itself does with connections. */
  guard(server: Server | HttpsServer): void {
    guard(server, 'connection', (socket) => this.#admitAddress(socket));
    if (!this.#identity) return;
    server.removeAllListeners('tlsClientError');
    server.on('tlsClientError', (error: NodeJS.ErrnoException, socket: TLSSocket) => {
      if (this.#isOwnCheck(socket)) {
        socket.destroy();
        return;
      }
      const verification = socket.authorizationError as Error | string | null | undefined;
      const address = peerAddress(socket.remoteAddress) ?? 'unknown';
      this.#end(socket, address, refusalOfHandshake(error.code ?? error.message, verification?.toString()));
    });
    guard(server, 'secureConnection', (socket) => this.#admitClient(socket as TLSSocket));
  }

  /** Judges by this identity from now on, and ends the connections of clients that may not call any more. */
  judgeBy(identity: Identity): void {
    const before = this.#identity;
    this.#identity = identity;
    this.#policy = this.#policyFor(identity);
    if (before && callersOf(before) === callersOf(identity)) return;
    const nowMs = this.#clock.now();
    for (const [socket, { address }] of this.#callers) {
      if (!(socket instanceof TLSSocket)) continue;
      const verdict = judgeClient(socket.getPeerX509Certificate(), address, this.#policy, nowMs);
      if ('refusal' in verdict) this.#end(socket, address, verdict.refusal);
    }
  }

  /** Ends connections from addresses that are no longer allowed. */
  reviewAddresses(): void {
    for (const socket of this.#connections.sockets) {
      const address = peerAddress(socket.remoteAddress);
      if (address === undefined || this.#isOwnCheck(socket) || this.#options.addresses.allows(address))
        continue;
      this.#denyAddress(socket, address);
    }
  }

  /** A connection from this port of the host is the agent's own, until it is disposed. */
  expectOwnCheck(localPort: number): Disposable {
    this.#ownChecks.add(localPort);
    return { [Symbol.dispose]: () => void this.#ownChecks.delete(localPort) };
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

  #admitAddress(socket: Socket): boolean {
    // A Unix socket has no address, and root alone can connect to it.
    if (!this.#identity) {
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
    if (!this.#options.addresses.allows(address)) {
      this.#denyAddress(socket, address);
      return false;
    }
    return this.#connections.take(socket, addressPrefix(address));
  }

  #isOwnCheck(socket: Socket): boolean {
    return socket.remotePort !== undefined && this.#ownChecks.has(socket.remotePort);
  }

  #admitClient(socket: TLSSocket): boolean {
    const address = peerAddress(socket.remoteAddress) ?? 'unknown';
    try {
      const certificate = socket.getPeerX509Certificate();
      const verdict = judgeClient(certificate, address, this.#policy, this.#clock.now());
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
    this.#options.onRefused(address, refusal);
  }
}
