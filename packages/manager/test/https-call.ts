import { X509Certificate } from 'node:crypto';
import {
  type ClientRequest,
  request as httpRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
} from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { TLSSocket } from 'node:tls';
import type {
  ApiToken,
  AuditPage,
  AuditVerification,
  Bundle,
  CreatedApiToken,
  CreatedJoinToken,
  EnrollAcceptedExtension,
  Enrollment,
  Fault,
  Host,
  JoinToken,
  OfferedPasskey,
  OwnSession,
  PasskeyChallenge,
  PasskeyList,
  Person,
  Session,
} from '@linux-patch/contract';

/** Every member that a test looks at; which ones an answer has is what the tests assert. */
export interface AnswerBody {
  readonly ca_crt: string;
  readonly ca_chain: string;
  readonly server_crt: string;
  readonly server_key: string;
  readonly crl_pem: string;
  readonly status: string;
  readonly polling_token: string;
  readonly ext: EnrollAcceptedExtension & Required<NonNullable<Bundle['ext']>>;
  readonly server_time: number;
  readonly success: boolean;
  readonly data: Enrollment & {
    readonly enrollments: readonly Enrollment[];
    readonly hosts: readonly Host[];
    readonly total: number;
  } & CreatedJoinToken & { readonly tokens: readonly JoinToken[] } & CreatedApiToken &
    ApiToken & { readonly api_tokens: readonly ApiToken[] } & { readonly people: readonly Person[] } & {
      readonly sessions: readonly Session[];
      readonly ended: number;
      readonly uri: string;
      readonly recovery_codes: readonly string[];
      readonly passkey: PasskeyList['passkeys'][number];
    } & OwnSession &
    OfferedPasskey &
    PasskeyChallenge &
    PasskeyList & { readonly url: string } & AuditPage &
    AuditVerification;
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly details: {
      readonly faults: readonly Fault[];
      readonly permission: string;
      readonly role: string;
      readonly by: string;
    };
  };
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The body as JSON. */
  json(): AnswerBody;
}

export interface Call {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | object | undefined;
  readonly localAddress?: string;
  readonly signal?: AbortSignal;
  /** Leaves a stream of events as soon as it begins, since it may never end; what came of it is the status. */
  readonly leavesStreams?: boolean;
}

/** Dates go by the clock that the test moves, and the TLS library has another one. */
const DATE_FAULTS = ['CERT_NOT_YET_VALID', 'CERT_HAS_EXPIRED'];

/** Where a date is wrong, that is all that the TLS library says. */
function leadsTo(ca: string, leaf: X509Certificate | undefined): boolean {
  const issuing = leaf?.issuerCertificate;
  if (!leaf || !issuing) return false;
  return leaf.verify(issuing.publicKey) && issuing.verify(new X509Certificate(ca).publicKey);
}

/** One request on a connection of its own; the server must prove to be the manager. */
export function callHttps(server: { port: number; ca: string }, call: Call): Promise<Answer> {
  const { localAddress } = call;
  const place = {
    host: '127.0.0.1',
    port: server.port,
    // What is in `Host` is not whom we call.
    servername: '',
    ca: server.ca,
    rejectUnauthorized: false,
    ...(localAddress === undefined ? {} : { localAddress }),
  };
  return send(call, (facts, answered) => {
    const outgoing = httpsRequest({ ...facts, ...place }, answered);
    outgoing.once('socket', (socket: TLSSocket) =>
      socket.once('secureConnect', () => {
        const fault = String(socket.authorizationError ?? '');
        const isDate = DATE_FAULTS.includes(fault) && leadsTo(server.ca, socket.getPeerX509Certificate());
        if (fault && !isDate) outgoing.destroy(new Error(`the manager is not believed: ${fault}`));
      }),
    );
    return outgoing;
  });
}

/** The same through the socket on the manager's machine. */
export function callSocket(socketPath: string, call: Omit<Call, 'localAddress'>): Promise<Answer> {
  return send(call, (facts, answered) => httpRequest({ ...facts, socketPath }, answered));
}

function send(
  call: Call,
  begin: (facts: object, answered: (response: IncomingMessage) => void) => ClientRequest,
): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const body = typeof call.body === 'object' ? JSON.stringify(call.body) : call.body;
  const facts = {
    agent: false,
    method: call.method ?? 'GET',
    path: call.path,
    ...(call.signal === undefined ? {} : { signal: call.signal }),
    headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...call.headers },
  };
  const outgoing = begin(facts, (response) => {
    const chunks: Buffer[] = [];
    response.on('data', (chunk: Buffer) => chunks.push(chunk));
    const answered = (): void => {
      const text = Buffer.concat(chunks).toString('utf8');
      resolve({
        status: response.statusCode ?? 0,
        headers: response.headers,
        text,
        json: () => JSON.parse(text) as AnswerBody,
      });
    };
    if (call.leavesStreams && response.headers['content-type'] === 'text/event-stream') {
      answered();
      response.destroy();
      return;
    }
    response.on('error', reject);
    response.on('end', answered);
  });
  outgoing.on('error', reject);
  outgoing.end(body);
  return promise;
}
