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
import { bodyOf, startWebServer } from '../web-server.ts';

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
  const server = await startWebServer(web, async (request, response) => {
    const text = await bodyOf(request);
    const path = request.url ?? '';
    state.asked.push(path);
    const known = path === '/api/v1/enroll/renew';
    const answer: Reply = known ? (state.refuse ?? (await renewal(text))) : { status: 503, body: {} };
    // By its own clock; an agent rightly distrusts its own when the two differ.
    const date = new Date(state.now()).toUTCString();
    response.writeHead(answer.status, { 'content-type': 'application/json', date, ...answer.headers });
    response.end(JSON.stringify(answer.body));
  });
  return Object.assign(state, server);
}
