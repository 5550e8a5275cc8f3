import { randomBytes } from 'node:crypto';
import { request } from 'node:https';
import { performance } from 'node:perf_hooks';
import { text } from 'node:stream/consumers';
import { ENROLL_HEADERS, ENROLL_PATHS, EnrollAccepted, EnrollStatus } from '@linux-patch/contract';
import {
  createRequest,
  generateKey,
  parseCertificates,
  publicKeySpki,
  signProof,
  spkiSha256,
} from '@linux-patch/pki';

/** An agent as far as a manager can see it: a key of its own, signed requests, a new connection for each. */
export interface SigningAgent {
  /** Asks to join; resolves with the id of the request. */
  register(): Promise<string>;
  /** Polls until the approval comes; resolves with what it got, whose certificate must be for its key. */
  fetch(): Promise<JoinedIdentity>;
  acknowledge(): Promise<void>;
}

/** What a manager certified. */
export interface JoinedIdentity {
  readonly serialHex: string;
  readonly chainPem: string;
  readonly keyPem: string;
}

/** Who a host says it is. */
export interface JoiningHost {
  /** 32 hexadecimal digits. */
  readonly machineId: string;
  readonly fqdn: string;
  /** A loopback address of its own, which it also calls from. */
  readonly address: string;
  readonly os: Readonly<Record<string, string | number>>;
}

interface Host {
  readonly managerUrl: string;
  readonly caPem: string;
  readonly fqdn: string;
  /** A loopback address of its own, which it also calls from. */
  readonly address: string;
  readonly keyPem: string;
  /** Body of the request to join. */
  readonly registration: string;
}

interface Message {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

const HOLD_S = 50;
const JSON_TYPE = { 'content-type': 'application/json' };

/** Makes its key and its request. */
export async function createSigningAgent(
  host: JoiningHost,
  manager: { readonly url: string; readonly caPem: string },
): Promise<SigningAgent> {
  const { fqdn, address } = host;
  const keyPem = await generateKey();
  const csr = await createRequest({
    privateKeyPem: keyPem,
    commonName: `${fqdn}-server`,
    dnsNames: [fqdn],
    ipAddresses: [address],
  });
  const registration = JSON.stringify({
    machine_id: host.machineId,
    fqdn,
    ip_address: address,
    hostname: fqdn.split('.')[0],
    os_details: host.os,
    ext: {
      v: 1,
      csr,
      nonce_a: randomBytes(32).toString('base64url'),
      // Nobody types the codes of so many, so the tag is not stretched from one: that would take 100 ms for each agent.
      tag_a: randomBytes(32).toString('base64url'),
      modes: ['code', 'click'],
    },
  });
  return new AgentOfMany({
    managerUrl: manager.url,
    caPem: manager.caPem,
    fqdn,
    address,
    keyPem,
    registration,
  });
}

class AgentOfMany implements SigningAgent {
  readonly #host: Host;
  #token = '';
  #requestId = '';
  #serial = '';

  constructor(host: Host) {
    this.#host = host;
  }

  async register(): Promise<string> {
    const [path, body] = [ENROLL_PATHS.enroll, this.#host.registration];
    const proof = this.#prove({ label: 'lpe1/enroll', method: 'POST', path, body });
    const answer = await this.#ask({ method: 'POST', path, headers: { ...JSON_TYPE, ...proof }, body });
    const accepted = EnrollAccepted.parse(JSON.parse(answer));
    if (!accepted.ext) throw new Error(`${this.#host.fqdn}: the manager does not speak the extension`);
    this.#token = accepted.polling_token;
    this.#requestId = accepted.ext.request_id;
    return this.#requestId;
  }

  async fetch(): Promise<JoinedIdentity> {
    const [method, path] = ['GET', ENROLL_PATHS.statusSelf] as const;
    const { fqdn, keyPem } = this.#host;
    for (;;) {
      const headers = {
        ...this.#bearer(),
        ...this.#prove({ label: 'lpe1/poll', method, path, body: '' }),
        [ENROLL_HEADERS.prefer]: `wait=${HOLD_S}`,
      };
      const status = EnrollStatus.parse(JSON.parse(await this.#ask({ method, path, headers })));
      if (status.status === 'pending') continue;
      if (status.status !== 'approved') throw new Error(`${fqdn}: ${status.status} instead of an approval`);
      const [leaf] = parseCertificates(status.server_crt);
      if (leaf?.spkiSha256 !== spkiSha256(publicKeySpki(keyPem)))
        throw new Error(`${fqdn}: the certificate is for another key`);
      this.#serial = leaf.serialHex;
      return { serialHex: leaf.serialHex, chainPem: status.server_crt, keyPem };
    }
  }

  async acknowledge(): Promise<void> {
    const path = ENROLL_PATHS.ack;
    const body = JSON.stringify({ request_id: this.#requestId, serial: this.#serial, state: 'installed' });
    const proof = this.#prove({ label: 'lpe1/ack', method: 'POST', path, body });
    await this.#ask({ method: 'POST', path, headers: { ...JSON_TYPE, ...this.#bearer(), ...proof }, body });
  }

  #bearer(): Record<string, string> {
    return { authorization: `${ENROLL_HEADERS.authorizationScheme} ${this.#token}` };
  }

  #prove(
    message: Pick<Parameters<typeof signProof>[0], 'label' | 'method' | 'path' | 'body'>,
  ): Record<string, string> {
    const proof = signProof({
      ...message,
      token: this.#token,
      privateKeyPem: this.#host.keyPem,
      timestampS: Math.floor(Date.now() / 1000),
      nonce: randomBytes(12),
    });
    return { [ENROLL_HEADERS.proof]: proof };
  }

  #ask({ method, path, headers, body }: Message): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const { managerUrl, caPem, address, fqdn } = this.#host;
    const startedMs = performance.now();
    const outgoing = request(
      new URL(path, managerUrl),
      { method, agent: false, ca: caPem, localAddress: address, headers },
      (response) => {
        text(response).then((answer) => {
          if ((response.statusCode ?? 0) < 300) resolve(answer);
          else reject(new Error(`${fqdn}: ${method} ${path}: ${response.statusCode} ${answer}`));
        }, reject);
      },
    );
    outgoing.on('error', (error) => {
      const afterS = ((performance.now() - startedMs) / 1000).toFixed(1);
      reject(new Error(`${fqdn}: ${method} ${path} after ${afterS} s: ${error.message}`, { cause: error }));
    });
    outgoing.end(body);
    return promise;
  }
}
