import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import { text } from 'node:stream/consumers';
import type { TLSSocket } from 'node:tls';
import { canonicalSerial } from '@linux-patch/pki';
import { WebSocketServer } from 'ws';
import { newAgent, newHost, type Reachable, serialOf } from './agents.ts';

/** What an agent that listens was asked. */
interface Asked {
  readonly method: string;
  readonly path: string;
  readonly body: string;
  readonly headers: IncomingHttpHeaders;
  /** Serial number of the certificate it was asked with. */
  readonly client: string;
}

const HEALTH = {
  status: 'healthy',
  version: '1.2.0',
  checks: { certificates: 'ok' },
  crl_status: 'valid',
  crl_number: null,
  identity_trust: 'code',
  key_origin: 'host',
};

const ACCEPTED = {
  job_id: '3f2b8c5e-6d1a-4c7b-9e0f-123456789abc',
  status: 'pending',
  operation: 'patch_apply',
  packages: [],
  package: null,
};

/** A refusal for its signature, and the number that comes with each answer. */
export interface SignatureRefusal {
  readonly code: string | undefined;
  readonly challenge: string | undefined;
}

/** How it behaves. */
interface Behaviour {
  health: object;
  /** Requests for a job whose answers get lost. */
  loses: number;
  /** Requests for a job are answered when it is over. */
  hold: Promise<void>;
  /** Its refusal of requests for a job. */
  refusal: object | undefined;
  /** How it refuses a request for a job, where it looks at its signature; undefined is that it does the job. */
  gate: (headers: IncomingHttpHeaders, body: string) => SignatureRefusal | undefined;
  /** Told of the CAs that it is to trust. */
  onTrust: (body: string) => void;
  /** What it answers to GET besides, by path: data, or a refusal. Listings have a name each. */
  readonly says: Map<string, object>;
  /** Why it lets nobody change whom it trusts. */
  trustRefusal: string | undefined;
}

/** A weak name of a listing, as agents give it. */
function nameOf(data: object): string {
  return `W/"${createHash('sha256').update(JSON.stringify(data)).digest('base64url')}"`;
}

/** Answers with a refusal, or that the listing is still the one its caller has; else it only names it. */
function isAnswered(incoming: IncomingMessage, outgoing: ServerResponse, said: object): boolean {
  const isRefusal = 'success' in said;
  const isKnown = incoming.headers['if-none-match'] === nameOf(said);
  if (isRefusal) outgoing.writeHead(503, { 'content-type': 'application/json' }).end(JSON.stringify(said));
  else if (isKnown) outgoing.writeHead(304).end();
  else outgoing.setHeader('ETag', nameOf(said));
  return isRefusal || isKnown;
}

/** Tells of the CAs that it is to trust; its refusal where it lets nobody say so. */
function denialOfTrust(
  { url }: IncomingMessage,
  { onTrust, trustRefusal }: Behaviour,
  body: string,
): object | undefined {
  if (url !== '/api/v1/identity/trust') return undefined;
  onTrust(body);
  return trustRefusal === undefined ? undefined : refusalOf('FORBIDDEN', {}, trustRefusal);
}

/** Answers with the refusal of the gate, or with another one. */
function isDenied(
  outgoing: ServerResponse,
  gate: SignatureRefusal | undefined,
  other: () => object | undefined,
): boolean {
  const denial = gate?.code === undefined ? other() : refusalOf(gate.code, { retry_after_seconds: 1 });
  if (!denial) return false;
  const status = gate?.code === 'RATE_LIMIT_EXCEEDED' ? 429 : 403;
  outgoing.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(denial));
  return true;
}

async function answer(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  behaviour: Behaviour,
): Promise<string> {
  const { health, refusal } = behaviour;
  const body = await text(incoming);
  const isApply = incoming.url === '/api/v1/patches/apply';
  if (isApply) await behaviour.hold;
  if (isApply && behaviour.loses > 0) {
    behaviour.loses -= 1;
    incoming.socket.destroy();
    return body;
  }
  if (isApply && refusal) {
    outgoing.writeHead(409, { 'content-type': 'application/json' }).end(JSON.stringify(refusal));
    return body;
  }
  const gate = isApply ? behaviour.gate(incoming.headers, body) : undefined;
  if (gate?.challenge !== undefined) outgoing.setHeader('Linux-Patch-Challenge', gate.challenge);
  if (isDenied(outgoing, gate, () => denialOfTrust(incoming, behaviour, body))) return body;
  const said = behaviour.says.get(incoming.url ?? '');
  if (said && isAnswered(incoming, outgoing, said)) return body;
  const answers: Readonly<Record<string, object>> = {
    ...(said ? { [incoming.url ?? '']: said } : {}),
    '/api/v1/patches/apply': ACCEPTED,
    '/api/v1/identity/trust': TRUST,
    '/api/v1/identity/crl': LIST_TAKEN,
    '/api/v1/health': health,
  };
  const data = answers[incoming.url ?? ''];
  const known = data !== undefined;
  outgoing.writeHead(isApply ? 202 : known ? 200 : 404, { 'content-type': 'application/json' }).end(
    JSON.stringify({
      success: known,
      request_id: '3f2b8c5e-6d1a-4c7b-9e0f-123456789abc',
      timestamp: new Date().toISOString(),
      data: data ?? null,
      error: known ? null : { code: 'NOT_FOUND', message: 'no such path', details: {}, retryable: false },
    }),
  );
  return body;
}

function refusalOf(code: string, details: object, message = 'no'): object {
  return {
    success: false,
    request_id: ACCEPTED.job_id,
    timestamp: new Date().toISOString(),
    data: null,
    error: { code, message, details, retryable: false },
  };
}

const LIST_TAKEN = { crl_number: '1', crl_next_update: null, revoked: 0, changed: true };

const TRUST = {
  roots: [],
  accepted_issuers: [],
  certificate_serial: '01',
  certificate_issuer: null,
  renewing: false,
};

/** Settings of a manager whose hosts listen on the loopback address. */
export const LISTENING = { certificates: { local_hosts: ['127.0.0.1'] } };

function countConnections(server: Server) {
  let connections = 0;
  const sockets = new Set<TLSSocket>();
  server.on('secureConnection', (socket) => {
    connections += 1;
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  return {
    /** How many connections were made to it. */
    connections: () => connections,
    /** How many of them are open. */
    open: () => sockets.size,
    /** Closes connections on which nothing is asked. */
    hangUp: () => server.closeIdleConnections(),
  };
}

function wellBehaved(): Behaviour {
  return {
    health: HEALTH,
    loses: 0,
    hold: Promise.resolve(),
    refusal: undefined,
    gate: () => undefined,
    onTrust: () => {},
    says: new Map(),
    trustRefusal: undefined,
  };
}

/** A host that has joined and listens with its certificate on a port of the loopback, for the manager only. */
export async function joinListening(world: Reachable, listening = true) {
  const asked: Asked[] = [];
  const behaviour = wellBehaved();
  const server = createServer({ requestCert: true, rejectUnauthorized: true, minVersion: 'TLSv1.3' });
  server.on('request', (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const peer = (incoming.socket as TLSSocket).getPeerX509Certificate();
    const client = canonicalSerial(peer?.serialNumber ?? '0');
    const { method = '', url: path = '', headers } = incoming;
    void answer(incoming, outgoing, behaviour).then((body) =>
      asked.push({ method, path, body, headers, client }),
    );
  });
  const counted = countConnections(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  const close = async (): Promise<void> => {
    if (!server.listening) return;
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  };
  if (!listening) await close();
  const facts = newHost();
  const agent = await newAgent(world, {
    facts: {
      ...facts,
      ip_address: '127.0.0.1',
      os_details: { ...facts.os_details, agent_port: port } as never,
    },
  });
  const bundle = await agent.join();
  const serial = serialOf(bundle.server_crt);
  await agent.acknowledge(serial);
  const serve = (identity: { readonly certificateChainPem: string; readonly keyPem: string }): void =>
    server.setSecureContext({
      cert: identity.certificateChainPem,
      key: identity.keyPem,
      ca: bundle.ca_chain,
    });
  const identity = { certificateChainPem: bundle.server_crt, keyPem: agent.keyPem };
  serve(identity);
  return {
    fqdn: agent.facts.fqdn,
    serial,
    asked,
    identity,
    /** From now on it serves with this. */
    serve,
    ...counted,
    lists: () =>
      asked.filter((one) => one.method === 'PUT').map((one) => JSON.parse(one.body).crl_pem as string),
    say: (change: object) => (behaviour.health = { ...HEALTH, ...change }),
    /** Loses its answers to the next requests for a job. */
    lose: (answers: number) => (behaviour.loses = answers),
    /** Answers requests for a job when this is over. */
    hold: (until: Promise<void>): void => void (behaviour.hold = until),
    /** Refuses jobs; without a code none any more. */
    refuse: (code?: string, why = {}) => (behaviour.refusal = code ? refusalOf(code, why) : undefined),
    /** Looks at the signature of jobs. */
    guard: (gate: Behaviour['gate']) => (behaviour.gate = gate),
    onTrust: (told: (body: string) => void) => (behaviour.onTrust = told),
    /** From now on it answers this to GET of a path. */
    tell: (path: string, data: object) => behaviour.says.set(path, data),
    /** What it answers to GET of a path now. */
    said: (path: string) => behaviour.says.get(path),
    /** From now on it cannot answer GET of a path. */
    fail: (path: string, code: string) => behaviour.says.set(path, refusalOf(code, {})),
    /** From now on it lets nobody change whom it trusts, and says why. */
    refuseTrust: (why: string) => (behaviour.trustRefusal = why),
    jobsAsked: () => asked.filter((one) => one.path === '/api/v1/patches/apply'),
    /** From now on it takes subscriptions to jobs, and says nothing of them; resolves with the first one. */
    watched: () => once(new WebSocketServer({ server }), 'connection'),
    port,
    /** Ends to listen, as a host that is switched off does. */
    sleep: close,
    /** Begins to listen, as a host that was switched off does. */
    async wake() {
      server.listen(port, '127.0.0.1');
      await once(server, 'listening');
    },
    [Symbol.asyncDispose]: close,
  };
}
