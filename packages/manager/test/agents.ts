import { randomBytes, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  agentTag,
  createHostCode,
  createRenewalProof,
  createRequest,
  generateKey,
  joinTokenId,
  joinTokenKey,
  joinTokenTag,
  parseCertificates,
  parseJoinString,
  publicKeySpki,
  signProof,
  spkiSha256,
  stretchHostCode,
  transcriptHash,
} from '@linux-patch/pki';
import type { Answer } from './https-call.ts';
import type { World } from './world.ts';

/** A manager as an agent sees it, and its administrator. */
export type Reachable = Pick<World, 'call' | 'admin'> & { readonly clock: { now(): number } };

let count = 0;

/** Names of a host, as agents send them. */
export function namesOf(fqdn: string) {
  return { fqdn, hostname: fqdn.split('.')[0] ?? fqdn };
}

/** Facts of a host that no other test has. */
export function newHost() {
  count += 1;
  return {
    machine_id: randomBytes(16).toString('hex'),
    ...namesOf(`host${count}.example.test`),
    ip_address: `198.18.${count >> 8}.${count & 255}`,
    os_details: { distro: 'debian', version: '12' },
  };
}
export type HostFacts = ReturnType<typeof newHost>;

interface AgentWish {
  readonly facts?: HostFacts;
  readonly modes?: readonly string[];
  readonly keyPem?: string;
  /** A join string that an administrator gave to this host. */
  readonly joinString?: string;
  /** Key id of the identity of another host that lies on this one. */
  readonly cloneOf?: string;
  /** What the host says proves this manager. */
  readonly managerProof?: { readonly by: string; readonly issuer?: string };
}

/** The proof of a join token for a request. */
function tokenProof(joinString: string | undefined, transcript: Uint8Array) {
  if (joinString === undefined) return {};
  const { secret } = parseJoinString(joinString);
  return { token_id: joinTokenId(secret), token_mac: joinTokenTag(joinTokenKey(secret), transcript) };
}

/** A host code, the nonce of its request, and what is derived from them. */
interface DerivedCode {
  readonly code: string;
  readonly nonce: string;
  readonly key: Uint8Array;
}

/** Made once by `stretchHostCode`, which takes a tenth of a second; each is for one agent of a test. */
const DERIVED = (
  JSON.parse(readFileSync(join(import.meta.dirname, 'host-codes.json'), 'utf8')) as Record<
    keyof DerivedCode,
    string
  >[]
).values();

async function nextCode(): Promise<DerivedCode> {
  const { value } = DERIVED.next();
  if (value) return { ...value, key: Buffer.from(value.key, 'base64url') };
  const code = createHostCode(randomBytes(10));
  const nonce = randomBytes(32).toString('base64url');
  return { code, nonce, key: await stretchHostCode(code, nonce) };
}

/** Key, host code and the extension that binds them to the facts. */
async function makeClaim(wish: AgentWish) {
  const { facts = newHost(), modes = ['code'], keyPem, joinString, cloneOf } = wish;
  const privateKeyPem = keyPem ?? (await generateKey());
  const { code, nonce: nonceA, key: codeKey } = await nextCode();
  const transcript = transcriptHash({
    v: 1,
    machine_id: facts.machine_id,
    fqdn: facts.fqdn,
    ip_address: facts.ip_address,
    hostname: facts.hostname,
    spki_sha256: spkiSha256(publicKeySpki(privateKeyPem)),
    nonce_a: nonceA,
  });
  const csr = await createRequest({
    privateKeyPem,
    commonName: 'wishes.example.test',
    dnsNames: ['manager.example.test'],
    ipAddresses: ['192.0.2.250'],
  });
  const ext = {
    v: 1,
    csr,
    nonce_a: nonceA,
    tag_a: agentTag(codeKey, transcript),
    modes,
    ...tokenProof(joinString, transcript),
    clone_of: cloneOf,
    manager_proof: wish.managerProof,
  };
  return {
    facts,
    code,
    codeKey,
    transcript,
    keyPem: privateKeyPem,
    ext,
    body: JSON.stringify({ ...facts, ext }),
  };
}

/** An agent of this generation, as far as a manager can see it. */
export async function newAgent(world: Reachable, wish: AgentWish = {}) {
  const claim = await makeClaim(wish);
  let token = '';
  let requestId = '';
  const nowS = (): number => Math.floor(world.clock.now() / 1000);
  const prove = (
    label: 'lpe1/poll' | 'lpe1/enroll' | 'lpe1/ack',
    path: string,
    body = '',
    timestampS = nowS(),
  ): string =>
    signProof({
      label,
      method: label === 'lpe1/poll' ? 'GET' : 'POST',
      path,
      token: label === 'lpe1/enroll' ? '' : token,
      body,
      privateKeyPem: claim.keyPem,
      timestampS,
      nonce: randomBytes(12),
    });
  const self = {
    ...claim,
    get token() {
      return token;
    },
    get requestId() {
      return requestId;
    },
    proveEnrol: (body: string) => prove('lpe1/enroll', '/api/v1/enroll', body),
    async register(headers?: Record<string, string>): Promise<Answer> {
      const answer = await world.call({
        method: 'POST',
        path: '/api/v1/enroll',
        body: self.body,
        headers: headers ?? { 'enroll-proof': self.proveEnrol(self.body) },
      });
      if (answer.status === 202) {
        token = answer.json().polling_token;
        requestId = answer.json().ext.request_id;
      }
      return answer;
    },
    poll(more: { waitS?: number; timestampS?: number; signal?: AbortSignal } = {}): Promise<Answer> {
      const path = '/api/v1/enroll/status/self';
      return world.call({
        path,
        ...(more.signal ? { signal: more.signal } : {}),
        headers: {
          authorization: `Enroll ${token}`,
          'enroll-proof': prove('lpe1/poll', path, '', more.timestampS),
          ...(more.waitS ? { prefer: `wait=${more.waitS}` } : {}),
        },
      });
    },
    acknowledge(serial: string, state = 'installed'): Promise<Answer> {
      const path = '/api/v1/enroll/ack';
      const body = JSON.stringify({ request_id: requestId, serial, state });
      return world.call({
        method: 'POST',
        path,
        body,
        headers: { authorization: `Enroll ${token}`, 'enroll-proof': prove('lpe1/ack', path, body) },
      });
    },
    approve: (body: object = { code: claim.code }): Promise<Answer> =>
      world.admin(`/enrollments/${requestId}/approve`, body),
    /** Registers, gets approved by code, and returns the bundle. */
    async join() {
      await self.register();
      await self.approve();
      return (await self.poll()).json();
    },
  };
  return self;
}

/** Asks for a new certificate with the current one. */
export async function renew(
  world: Reachable,
  current: { readonly certificateChainPem: string; readonly keyPem: string },
  jti: string = randomUUID(),
  origin = 'https://manager.example.test:8443',
  ipAddresses: readonly string[] = [],
): Promise<Answer> {
  const fresh = await generateKey();
  const csr = await createRequest({
    privateKeyPem: fresh,
    commonName: 'x',
    dnsNames: [],
    ipAddresses: [...ipAddresses],
  });
  const proof = createRenewalProof({
    privateKeyPem: current.keyPem,
    certificateChainPem: current.certificateChainPem,
    audience: `${origin}/api/v1/enroll/renew`,
    csrPem: csr,
    nowS: Math.floor(world.clock.now() / 1000),
    jti,
  });
  const { host } = new URL(origin);
  return world.call({
    method: 'POST',
    path: '/api/v1/enroll/renew',
    headers: { host },
    body: { csr, proof },
  });
}

/** An agent of the older generation: a POST, and polls with the token in the path. */
export function newOlderAgent(world: Reachable, facts: HostFacts = newHost()) {
  let token = '';
  return {
    facts,
    get token() {
      return token;
    },
    async register(options: { readonly localAddress?: string } = {}): Promise<Answer> {
      const answer = await world.call({ method: 'POST', path: '/api/v1/enroll', body: facts, ...options });
      if (answer.status === 202) token = answer.json().polling_token;
      return answer;
    },
    poll: (): Promise<Answer> => world.call({ path: `/api/v1/enroll/status/${token}` }),
    approve: (body: object = {}): Promise<Answer> => world.admin(`/enrollments/${facts.fqdn}/approve`, body),
  };
}

/** The serial number of the first certificate. */
export function serialOf(pem: string): string {
  return parseCertificates(pem)[0]?.serialHex ?? '';
}
