import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import {
  agentProfile,
  createRoot,
  generateKey,
  type Issuer,
  issueCertificate,
  publicKeySpki,
  rootProfile,
  serialFrom,
  webProfile,
} from '@linux-patch/pki';
import { systemRandom } from '@linux-patch/runtime/node';

/** One answer of the double. */
export interface Answer {
  readonly status: number;
  readonly body?: unknown;
  /** Sent as it is instead of `body` as JSON. */
  readonly text?: string;
  readonly bytes?: Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
  /** Ends the connection in the middle of the body. */
  readonly breakOff?: boolean;
  /** Never answers. */
  readonly silent?: boolean;
}

/** A request as the double saw it. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly body: string;
  readonly headers: IncomingMessage['headers'];
}

/** A manager of the older generation: flat CA, makes the keys itself, says what the test tells it to. */
export interface OlderManager extends AsyncDisposable {
  readonly url: string;
  readonly rootPem: string;
  readonly root: Issuer;
  readonly seen: SeenRequest[];
  /** Answers to `POST /enroll`, in turn; the last one is repeated. */
  register: Answer[];
  /** Answers to polls, in turn; the last one is repeated. */
  poll: Answer[];
  /** What a manager that was replaced by one of this generation answers to a renewal; the older one has no such thing. */
  renew: ((body: string) => Promise<Answer>) | undefined;
  /** What time it is for it, when its answers shall say another one than this machine's. */
  dateMs: (() => number) | undefined;
  /** What an approval of this era carries, for a host. */
  bundle(
    names: { readonly fqdn: string; readonly ipAddress: string },
    issuedAt?: number,
  ): Promise<Record<string, string>>;
  /** From now on another key answers, as of somebody who came in between. */
  replaceWebCertificate(): Promise<void>;
}

const DAY_MS = 86_400_000;
export const TOKEN = 'A1b2'.repeat(16);

async function pair(
  issuer: Issuer,
  profile: Parameters<typeof issueCertificate>[0]['profile'],
  now: number,
): Promise<Issuer> {
  const privateKeyPem = await generateKey();
  const certificatePem = await issueCertificate({
    profile,
    subjectSpki: publicKeySpki(privateKeyPem),
    issuer,
    serial: serialFrom(systemRandom.bytes(16)),
    now,
    lifetimeMs: 365 * DAY_MS,
  });
  return { certificatePem, privateKeyPem };
}

function send(response: ServerResponse, answer: Answer): void {
  if (answer.silent) return;
  const text = answer.text ?? (answer.body === undefined ? '' : JSON.stringify(answer.body));
  const type: Record<string, string> =
    answer.text === undefined && text !== '' ? { 'content-type': 'application/json' } : {};
  response.writeHead(answer.status, { ...type, ...answer.headers });
  if (!answer.breakOff) {
    response.end(answer.bytes ?? text);
    return;
  }
  response.write(text);
  setImmediate(() => response.destroy());
}

/** Starts the double on a loopback port, any or the one given. */
export async function startOlderManager(now: number, port = 0): Promise<OlderManager> {
  const rootKey = await generateKey();
  const profile = rootProfile('Patch Manager Root CA');
  const rootPem = await createRoot({
    profile,
    privateKeyPem: rootKey,
    serial: serialFrom(systemRandom.bytes(16)),
    now,
  });
  const root: Issuer = { certificatePem: rootPem, privateKeyPem: rootKey };
  const makeWeb = async () => {
    const names = { dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'] };
    const { certificatePem: cert, privateKeyPem: key } = await pair(root, webProfile(names), now);
    return { cert, key };
  };
  const seen: SeenRequest[] = [];
  const server = createServer(await makeWeb());
  const manager: Omit<OlderManager, typeof Symbol.asyncDispose> = {
    url: '',
    rootPem,
    root,
    seen,
    renew: undefined,
    dateMs: undefined,
    register: [{ status: 202, body: { polling_token: TOKEN } }],
    poll: [{ status: 200, body: { status: 'pending' } }],
    async bundle(names, issuedAt = now) {
      const issued = await pair(root, agentProfile(names), issuedAt);
      return { ca_crt: rootPem, server_crt: issued.certificatePem, server_key: issued.privateKeyPem };
    },
    async replaceWebCertificate() {
      server.setSecureContext(await makeWeb());
    },
  };
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    let body = '';
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString();
    });
    request.on('end', () => {
      const path = request.url ?? '';
      if (manager.dateMs) response.setHeader('date', new Date(manager.dateMs()).toUTCString());
      seen.push({ method: request.method ?? '', path, body, headers: request.headers });
      const script =
        path === '/api/v1/enroll'
          ? manager.register
          : path.startsWith('/api/v1/enroll/status/')
            ? manager.poll
            : undefined;
      if (path === '/api/v1/enroll/renew' && manager.renew) {
        void manager.renew(body).then((answer) => send(response, answer));
        return;
      }
      const next = script && script.length > 1 ? script.shift() : script?.[0];
      send(response, next ?? { status: 404, text: 'not here' });
    });
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return Object.assign(manager, {
    url: `https://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  });
}
