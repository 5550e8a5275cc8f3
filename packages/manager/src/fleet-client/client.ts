import type { ClientRequest, IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP } from 'node:net';
import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import { Envelope, ERRORS, type ErrorCode, messageOf, PatchError, type Route } from '@linux-patch/contract';
import { canonicalSerial, parseCertificateDer } from '@linux-patch/pki';
import type { z } from 'zod';
import type { Pair } from '../authority/key-files.ts';
import { fromOlderAgent } from './older-agents.ts';

/** Where an agent is, as the fleet knows it. */
export interface AgentAddress {
  /** Its record; only keys that were certified for it are believed. */
  readonly hostId: string;
  readonly fqdn: string;
  readonly ipAddress: string;
  readonly port: number;
}

/** What to call with: our client certificate, and the only CA agents may be from. */
export interface FleetMaterial {
  readonly caPem: string;
  readonly client: Pair;
  /** Serial numbers of agents' certificates that are not believed any more. */
  readonly revoked: ReadonlySet<string>;
  /** Keys on record for this host, SHA-256 of the SPKI. */
  readonly keys: ReadonlySet<string>;
  /** Told which certificate the host is believed with. */
  readonly noteServed: (serialHex: string) => Promise<void>;
}

/** One call of an agent's route. */
export interface AgentCall {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: URLSearchParams;
  readonly body?: unknown;
  readonly signal?: AbortSignal;
  /** Default: half a minute. */
  readonly timeoutMs?: number;
  /** Calls also an agent whose certificate is revoked; only for what anybody may know. */
  readonly evenRevoked?: boolean;
  /** Told which certificate the agent showed, also when it is refused for it. */
  readonly onPeer?: (serialHex: string) => void;
}

/** The one client of the agent API. */
export interface FleetClient {
  /**
   * Calls a route and returns the checked `data`.
   * @throws PatchError `AGENT_UNREACHABLE` when there was no sensible answer, `AGENT_ERROR` with the agent's own
   *   error, or the agent's code when both programs know it as "not found".
   */
  call<R extends Route>(agent: AgentAddress, route: R, call?: AgentCall): Promise<z.output<R['response']>>;
  /** TLS options for other connections to this agent, such as the WebSocket. */
  connection(agent: AgentAddress): Promise<AgentConnection>;
}

export interface AgentConnection {
  readonly host: string;
  readonly port: number;
  readonly servername: string;
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  readonly minVersion: 'TLSv1.3';
  readonly checkServerIdentity: (hostname: string, certificate: PeerCertificate) => Error | undefined;
}

const TIMEOUT_MS = 30_000;
const BODY_LIMIT_BYTES = 64 * 1024 * 1024;
/** Agent errors that mean the same to our own callers. */
const PASSED_ON: readonly ErrorCode[] = ['JOB_NOT_FOUND', 'PKG_NOT_FOUND', 'INVALID_REQUEST'];

/** Whoever answers has a certificate of our CA, which was not issued to this host. */
class StrangeKeyError extends Error {
  override readonly name = 'StrangeKeyError';
}

/** Says what to call this host with; asked at each call, so that a renewed certificate is used at once. */
export type FindMaterial = (agent: AgentAddress, evenRevoked: boolean) => Promise<FleetMaterial>;

/** A client that believes a host only with a key on record for it. */
export function createFleetClient(findMaterial: FindMaterial): FleetClient {
  const connection = async (
    agent: AgentAddress,
    { evenRevoked = false, onPeer }: Pick<AgentCall, 'evenRevoked' | 'onPeer'> = {},
  ): Promise<AgentConnection & Pick<FleetMaterial, 'noteServed'>> => {
    const { caPem, client, revoked, keys, noteServed } = await findMaterial(agent, evenRevoked);
    return {
      noteServed,
      host: agent.ipAddress,
      port: agent.port,
      // A literal address is no server name (RFC 6066 §3); the identity is checked below either way.
      servername: isIP(agent.fqdn) ? '' : agent.fqdn,
      ca: caPem,
      cert: client.certificatePem,
      key: client.privateKeyPem,
      minVersion: 'TLSv1.3',
      checkServerIdentity(_name, certificate) {
        const serial = canonicalSerial(certificate.serialNumber);
        onPeer?.(serial);
        if (revoked.has(serial) && !evenRevoked) return revokedError(serial);
        if (!keys.has(parseCertificateDer(certificate.raw).spkiSha256)) return strangeKeyError(serial);
        return checkServerIdentity(agent.fqdn, certificate);
      },
    };
  };
  const ask = async (agent: AgentAddress, route: Route, call: AgentCall): Promise<Answer> => {
    let serial: string | undefined;
    const onPeer = (shown: string): void => {
      serial = shown;
      call.onPeer?.(shown);
    };
    const { noteServed, ...way } = await connection(agent, { ...call, onPeer });
    const answer = await exchange(agent, route, call, way);
    if (serial !== undefined) await noteServed(serial);
    return answer;
  };
  return {
    async connection(agent) {
      const { noteServed: _, ...way } = await connection(agent);
      return way;
    },
    async call(agent, route, call = {}) {
      // A host may have renewed while it was being called: then its key is on record by now.
      const answer = await ask(agent, route, call).catch((error: unknown) => {
        if ((error as Error).cause instanceof StrangeKeyError) return ask(agent, route, call);
        throw error;
      });
      return readAnswer(agent, route, answer);
    },
  };
}

function revokedError(serialHex: string): Error {
  return new Error(
    `its certificate (serial ${serialHex}) is revoked, so whoever answers there is not believed; ` +
      'the host has to join again: see "linux-patch-manager enrollments list"',
  );
}

function strangeKeyError(serialHex: string): Error {
  return new StrangeKeyError(
    `its certificate (serial ${serialHex}) was not issued to it by this manager, so whoever answers there is not believed. ` +
      'Another machine may have its address; or this manager was set back to a backup from before that certificate: ' +
      'then let the host join again, "linux-patch-api --enroll" on it and "linux-patch-manager enrollments approve" with its code',
  );
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

function pathOf(route: Route, call: AgentCall): string {
  const path = route.path.replaceAll(/\{(\w+)\}/g, (_match, name: string) =>
    encodeURIComponent(call.params?.[name] ?? ''),
  );
  const query = call.query?.toString();
  return query ? `${path}?${query}` : path;
}

async function exchange(
  agent: AgentAddress,
  route: Route,
  call: AgentCall,
  connection: AgentConnection,
): Promise<Answer> {
  const { timeoutMs = TIMEOUT_MS } = call;
  const limit = AbortSignal.timeout(timeoutMs);
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const body = call.body === undefined ? undefined : JSON.stringify(call.body);
  const outgoing: ClientRequest = httpsRequest(
    {
      ...connection,
      agent: false,
      method: route.method,
      path: pathOf(route, call),
      signal: AbortSignal.any([limit, ...(call.signal ? [call.signal] : [])]),
      headers: {
        accept: 'application/json',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
    },
    (response) => {
      readText(response).then((text) => resolve({ status: response.statusCode ?? 0, text }), reject);
    },
  );
  outgoing.on('error', reject);
  outgoing.end(body);
  try {
    return await promise;
  } catch (cause) {
    throw unreachable(
      agent,
      limit.aborted ? `it did not answer within ${timeoutMs / 1000} s` : reasonOf(cause),
      cause,
    );
  }
}

async function readText(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes > BODY_LIMIT_BYTES) {
      response.destroy();
      throw new Error(`its answer is larger than ${BODY_LIMIT_BYTES} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** What went wrong on the way, and what it usually means. */
function reasonOf(cause: unknown): string {
  const { code } = cause as NodeJS.ErrnoException;
  switch (code) {
    case 'ECONNREFUSED':
      return 'nothing listens there; is the agent running? (systemctl status linux-patch-api on the host)';
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'ETIMEDOUT':
      return `there is no way to it (${code}); check the network and the firewall`;
    case 'ECONNRESET':
      return 'it closed the connection; the agent does not accept this manager (address filter, certificate or CA)';
    case undefined:
      return messageOf(cause);
    default:
      return `${messageOf(cause)} (${code})`;
  }
}

function unreachable(agent: AgentAddress, why: string, cause?: unknown): PatchError {
  return new PatchError(
    'AGENT_UNREACHABLE',
    `${agent.fqdn} cannot be reached at ${agent.ipAddress}:${agent.port}: ${why}.`,
    {
      cause,
      details: { fqdn: agent.fqdn, ip_address: agent.ipAddress, port: agent.port },
    },
  );
}

function readAnswer<R extends Route>(agent: AgentAddress, route: R, answer: Answer): z.output<R['response']> {
  let envelope: Envelope;
  try {
    envelope = Envelope.parse(JSON.parse(answer.text));
  } catch (cause) {
    throw unreachable(
      agent,
      `it answers ${answer.status} with something that is not an agent's answer`,
      cause,
    );
  }
  if (envelope.error) {
    const { code, message } = envelope.error;
    if (code in ERRORS && PASSED_ON.includes(code as ErrorCode)) {
      throw new PatchError(code as ErrorCode, `${agent.fqdn}: ${message}`, {
        details: envelope.error.details,
      });
    }
    throw new PatchError('AGENT_ERROR', `${agent.fqdn} refuses: ${message} (${code})`, {
      details: { agent: envelope.error },
    });
  }
  const parsed = route.response.safeParse(fromOlderAgent(envelope.data));
  if (parsed.success) return parsed.data as z.output<R['response']>;
  const first = parsed.error.issues[0];
  throw unreachable(
    agent,
    `its answer does not fit the contract (${first?.path.join('.')}: ${first?.message})`,
    parsed.error,
  );
}
