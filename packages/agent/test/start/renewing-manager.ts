import { once } from 'node:events';
import { createServer } from 'node:https';
import { RenewRequest } from '@linux-patch/contract';
import {
  agentProfile,
  issueCertificate,
  parseCertificate,
  parseRequest,
  serialFrom,
  spkiSha256,
} from '@linux-patch/pki';
import type { TestAuthority } from '@linux-patch/pki/testing';
import { systemRandom } from '@linux-patch/runtime/node';

interface Reply {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A manager that renews what its authority issued, or answers as a test wants. */
export interface RenewingManager extends AsyncDisposable {
  readonly url: string;
  /** Paths that were asked, in order. */
  readonly asked: string[];
  /** Instead of a renewal. */
  refuse: Reply | undefined;
  /** Its clock; the certificates begin and end by it. */
  now: () => number;
  lifetimeMs: number;
  /** Addresses that each renewal asked for. */
  readonly addresses: (readonly string[])[];
  /** Whether it certifies the address that is asked for, or keeps to its record. */
  follows: boolean;
}

const DAY_MS = 86_400_000;

export async function startRenewingManager(
  authority: TestAuthority,
  names: { readonly fqdn: string; readonly ipAddress: string },
): Promise<RenewingManager> {
  let record = names;
  const web = await authority.issueWeb();
  const state = {
    asked: [] as string[],
    refuse: undefined as Reply | undefined,
    now: () => Date.now(),
    lifetimeMs: 365 * DAY_MS,
    addresses: [] as (readonly string[])[],
    follows: true,
  };
  const renewal = async (text: string): Promise<Reply> => {
    const request = RenewRequest.parse(JSON.parse(text));
    const key = await parseRequest(request.csr);
    state.addresses.push(key.ipAddresses);
    const [asked] = key.ipAddresses;
    if (asked !== undefined && state.follows) record = { ...record, ipAddress: asked };
    const leaf = await issueCertificate({
      profile: agentProfile(record),
      subjectSpki: key.spki,
      issuer: authority.issuing,
      serial: serialFrom(systemRandom.bytes(16)),
      now: state.now(),
      lifetimeMs: state.lifetimeMs,
    });
    const body = {
      ca_crt: authority.root.certificatePem,
      ca_chain: authority.caPem,
      server_crt: leaf + authority.issuing.certificatePem,
      manager_client: {
        cn: 'patch-manager-client',
        issuer_spki: spkiSha256(parseCertificate(authority.issuing.certificatePem).spki),
      },
    };
    return { status: 200, body };
  };
  const server = createServer({ cert: web.chainPem, key: web.privateKeyPem }, (request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => {
      const path = request.url ?? '';
      state.asked.push(path);
      const answer =
        path !== '/api/v1/enroll/renew'
          ? Promise.resolve({ status: 503, body: {} })
          : state.refuse
            ? Promise.resolve(state.refuse)
            : renewal(text);
      void answer.then(({ status, body, ...more }: Reply) => {
        // By its own clock; an agent rightly distrusts its own when the two differ.
        const date = new Date(state.now()).toUTCString();
        response.writeHead(status, { 'content-type': 'application/json', date, ...more.headers });
        response.end(JSON.stringify(body));
      });
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return Object.assign(state, {
    url: `https://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  });
}
