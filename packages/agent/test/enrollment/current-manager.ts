import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { type Bundle, EnrollRequest } from '@linux-patch/contract';
import {
  agentProfile,
  issueCertificate,
  managerApprovedTag,
  managerDeniedTag,
  parseCertificate,
  parseRequest,
  serialFrom,
  spkiSha256,
  stretchHostCode,
  transcriptHash,
  verifyProof,
} from '@linux-patch/pki';
import { type TestAuthority, testAuthority } from '@linux-patch/pki/testing';
import { systemRandom } from '@linux-patch/runtime/node';
import { TOKEN } from './older-manager.ts';

const REQUEST_ID = '6f2b0c5e-2f0d-4d3a-8a53-5b0a4b8f3c11';
const NONCE_M = Buffer.alloc(32, 7).toString('base64url');

/** What a poll is answered with before the approval. */
interface EarlyAnswer {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An answer that no manager would give; `text` is sent as it is. */
export interface OddAnswer {
  readonly status: number;
  readonly text: string;
  readonly headers?: Readonly<Record<string, string>>;
  /**
   * Never sends the answer, only half of it, or half of it and then one blank after the other; keeps the connection.
   */
  readonly stuck?: 'before' | 'inside' | 'dripping';
}

const DRIP_MS = 5;

/** Sends an answer without an end, until the peer has enough. */
function drip(manager: CurrentManager, response: ServerResponse): void {
  manager.dripping += 1;
  const timer = setInterval(() => {
    manager.drops += 1;
    response.write(' ');
  }, DRIP_MS);
  response.once('close', () => {
    clearInterval(timer);
    manager.dripping -= 1;
  });
}

/** A manager of this generation that knows a host code, and whose approval a test can spoil on its way. */
export interface CurrentManager extends AsyncDisposable {
  readonly url: string;
  readonly authority: TestAuthority;
  readonly now: number;
  /** The code that the administrator typed; without one the approval carries no proof. */
  code: string | undefined;
  /** Changes the approval as somebody in the middle would. */
  spoil: (bundle: Bundle) => Bundle | Promise<Bundle>;
  /** Answers of polls before the approval, in turn. */
  before: EarlyAnswer[];
  /** Whether it answers registrations as a manager of the older generation would. */
  older: boolean;
  /** Answers every request in its own way, as a manager that has lost its mind; undefined: as always. */
  odd: ((path: string) => OddAnswer | undefined) | undefined;
  /** What time it is for the manager, when its answers shall say another one than this machine's. */
  dateMs: (() => number) | undefined;
  /** Status of the answer to an acknowledgement. */
  acknowledgementStatus: number;
  /** Answers that come drop by drop now, and how many drops came of all. */
  dripping: number;
  drops: number;
  /** From now on another key answers, as after the web certificate was replaced. */
  replaceWebCertificate(): Promise<void>;
  readonly verdicts: string[];
  readonly acknowledged: unknown[];
  readonly registrations: EnrollRequest[];
}

async function readBody(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of request as AsyncIterable<Buffer>) body += chunk.toString();
  return body;
}

/** The facts that this manager and the host both hash. */
function transcriptOf(request: EnrollRequest, spkiSha256OfKey: string): Uint8Array {
  return transcriptHash({
    v: 1,
    machine_id: request.machine_id,
    fqdn: request.fqdn,
    ip_address: request.ip_address,
    hostname: request.hostname ?? '',
    spki_sha256: spkiSha256OfKey,
    nonce_a: request.ext?.nonce_a ?? '',
  });
}

/** A refusal by an administrator who typed the host's code. */
export async function provenDenial(
  manager: CurrentManager,
  code: string,
  reason: string,
): Promise<EarlyAnswer> {
  const request = manager.registrations.at(-1);
  if (!request?.ext) throw new Error('nobody has asked yet');
  const { spkiSha256: hash } = await parseRequest(request.ext.csr);
  const key = await stretchHostCode(code, request.ext.nonce_a);
  const denial = { transcriptHash: transcriptOf(request, hash), nonceM: NONCE_M, reason };
  return { status: 200, body: { status: 'denied', reason, tag_m: managerDeniedTag(key, denial) } };
}

/** Issues and tags what an approved agent fetches. */
async function approve(manager: CurrentManager, request: EnrollRequest): Promise<Bundle> {
  const { authority } = manager;
  const ext = request.ext;
  if (!ext) throw new Error('the double only knows the extension');
  const { spki, spkiSha256: hash } = await parseRequest(ext.csr);
  const leaf = await issueCertificate({
    profile: agentProfile({ fqdn: request.fqdn, ipAddress: request.ip_address }),
    subjectSpki: spki,
    issuer: authority.issuing,
    serial: serialFrom(systemRandom.bytes(16)),
    now: manager.now,
  });
  const bundle = {
    ca_crt: authority.root.certificatePem,
    ca_chain: authority.caPem,
    server_crt: leaf + authority.issuing.certificatePem,
    crl_pem: await authority.createCrl(),
  };
  const managerClient = {
    cn: 'patch-manager-client',
    issuer_spki: spkiSha256(parseCertificate(authority.issuing.certificatePem).spki),
  };
  const tag =
    manager.code === undefined
      ? {}
      : {
          tag_m: managerApprovedTag(await stretchHostCode(manager.code, ext.nonce_a), {
            transcriptHash: transcriptOf(request, hash),
            nonceM: NONCE_M,
            serverCrt: bundle.server_crt,
            caCrt: bundle.ca_crt,
            caChain: bundle.ca_chain,
            crlPem: bundle.crl_pem,
            managerClient,
          }),
        };
  return { ...bundle, ext: { v: 1, request_id: REQUEST_ID, manager_client: managerClient, ...tag } };
}

async function answerTo(manager: CurrentManager, request: IncomingMessage): Promise<EarlyAnswer> {
  const path = request.url ?? '';
  const body = await readBody(request);
  const header = String(request.headers['enroll-proof'] ?? '');
  const last = manager.registrations.at(-1);
  const nowS = Math.floor(manager.now / 1000);
  if (path === '/api/v1/enroll') {
    const parsed = EnrollRequest.parse(JSON.parse(body));
    manager.registrations.push(parsed);
    const key = await parseRequest(parsed.ext?.csr ?? '');
    const ext = {
      v: 1,
      request_id: REQUEST_ID,
      nonce_m: NONCE_M,
      poll_after: 60,
      max_wait: 50,
      expires_in: 86_400,
      ca_spki_sha256: 'x',
      need: 'code',
      key_id: key.keyId,
    };
    return { status: 202, body: { polling_token: TOKEN, ...(manager.older ? {} : { ext }) } };
  }
  if (!last?.ext) return { status: 404, body: {} };
  const { spki } = await parseRequest(last.ext.csr);
  const proof = { header, spki, token: TOKEN, nowS, toleranceS: 400 * 86_400 };
  if (path === '/api/v1/enroll/ack') {
    manager.verdicts.push(verifyProof({ ...proof, label: 'lpe1/ack', method: 'POST', path, body }));
    manager.acknowledged.push(JSON.parse(body));
    return { status: manager.acknowledgementStatus, body: {} };
  }
  if (path !== '/api/v1/enroll/status/self') return { status: 404, body: {} };
  manager.verdicts.push(verifyProof({ ...proof, label: 'lpe1/poll', method: 'GET', path }));
  const early = manager.before.shift();
  if (early) return early;
  const bundle = await manager.spoil(await approve(manager, last));
  return { status: 200, body: { status: 'approved', ...bundle } };
}

type Web = Awaited<ReturnType<TestAuthority['issueWeb']>>;

/** Starts the double on a loopback port, any or the one given, with certificates of its own that nobody trusts. */
export async function startCurrentManager(now: number, port = 0, foreignWeb?: Web): Promise<CurrentManager> {
  const authority = await testAuthority({ now });
  const web = foreignWeb ?? (await authority.issueWeb());
  const server = createServer({ cert: web.chainPem, key: web.privateKeyPem });
  const state: Omit<CurrentManager, typeof Symbol.asyncDispose> = {
    url: '',
    authority,
    now,
    code: undefined,
    spoil: (bundle) => bundle,
    async replaceWebCertificate() {
      const next = await authority.issueWeb();
      server.setSecureContext({ cert: next.chainPem, key: next.privateKeyPem });
    },
    before: [],
    older: false,
    odd: undefined,
    dateMs: undefined,
    acknowledgementStatus: 200,
    dripping: 0,
    drops: 0,
    verdicts: [],
    acknowledged: [],
    registrations: [],
  };
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const manager: CurrentManager = Object.assign(state, {
    url: `https://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  });
  server.on('request', (request: IncomingMessage, response) => {
    const date = manager.dateMs && { date: new Date(manager.dateMs()).toUTCString() };
    const type = { 'content-type': 'application/json' };
    const odd = manager.odd?.((request.url ?? '').split('?')[0] ?? '');
    if (odd?.stuck === 'before') return;
    if (odd) {
      response.writeHead(odd.status, { ...type, ...date, ...odd.headers });
      if (odd.stuck) response.write(odd.text.slice(0, odd.text.length / 2));
      else response.end(odd.text);
      if (odd.stuck === 'dripping') drip(manager, response);
      return;
    }
    void answerTo(manager, request).then(({ status, body, headers }) => {
      response.writeHead(status, { ...type, ...date, ...headers });
      response.end(JSON.stringify(body));
    });
  });
  return manager;
}
