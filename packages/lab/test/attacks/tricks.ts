import { randomBytes, randomUUID } from 'node:crypto';
import { type Bundle, EnrollRequest } from '@linux-patch/contract';
import {
  agentProfile,
  createRequest,
  generateKey,
  issueCertificate,
  parseCertificate,
  parseRequest,
  serialFrom,
  signProof,
  spkiSha256,
} from '@linux-patch/pki';
import type { TestAuthority } from '@linux-patch/pki/testing';
import {
  type Attacker,
  isPoll,
  isRegistration,
  jsonReply,
  type Passing,
  type Reply,
  type Tricks,
} from './attacker.ts';

const ENROLL = '/api/v1/enroll';
const TOKEN = 'E5'.repeat(32);

const isCa = (one: Passing): boolean => one.path === '/api/v1/pki/ca.pem';

const parsed = (reply: Reply): Record<string, unknown> => JSON.parse(reply.text) as Record<string, unknown>;
const isApproval = (reply: Reply): boolean => reply.text.includes('"status":"approved"');

/** What the attacker would install: a certificate of its own CA for the host's key, so that only the proof is missing. */
async function forgedBundle(
  authority: TestAuthority,
  request: EnrollRequest,
  requestId: string,
): Promise<Bundle> {
  const { spki } = await parseRequest(request.ext?.csr ?? '');
  const leaf = await issueCertificate({
    profile: agentProfile({ fqdn: request.fqdn, ipAddress: request.ip_address }),
    subjectSpki: spki,
    issuer: authority.issuing,
    serial: serialFrom(randomBytes(16)),
    now: Date.now(),
  });
  return {
    ca_crt: authority.root.certificatePem,
    ca_chain: authority.caPem,
    server_crt: leaf + authority.issuing.certificatePem,
    crl_pem: await authority.createCrl(),
    ext: {
      v: 1,
      request_id: requestId,
      manager_client: ownClient(authority),
      tag_m: randomBytes(32).toString('base64url'),
      tag_by: request.ext?.token_id === undefined ? 'code' : 'token',
    },
  };
}

function ownClient(authority: TestAuthority) {
  const { spki } = parseCertificate(authority.issuing.certificatePem);
  return { cn: 'patch-manager-client', issuer_spki: spkiSha256(spki) };
}

/** Takes a request as the manager would, in words that every host accepts. */
function forgedAcceptance(requestId: string, token: 'accepted' | undefined): Reply {
  const ext = {
    v: 1,
    request_id: requestId,
    nonce_m: randomBytes(32).toString('base64url'),
    poll_after: 60,
    max_wait: 50,
    expires_in: 86_400,
    ca_spki_sha256: 'x',
    need: 'code',
    key_id: 'K7GQ-4K2M-XR0P-9TAD',
    ...(token === undefined ? {} : { token }),
  };
  return jsonReply({ polling_token: TOKEN, ext }, 202);
}

/** Answers polls with a forged approval, without the proof in turn with one that is made up. */
function forgedApproval(bundle: Bundle, turn: number): Reply {
  const { ext, ...rest } = bundle;
  const { tag_m: _tag, tag_by: _by, ...unproven } = ext ?? { v: 1 };
  return jsonReply({ status: 'approved', ...rest, ext: turn % 2 === 0 ? ext : unproven });
}

/** Answers everything itself. The real CA, which is no secret, is shown to whoever compares it with a pin. */
function forgeEverything(attacker: Attacker): Tricks {
  const { authority } = attacker;
  const requestId = randomUUID();
  let asked: EnrollRequest | undefined;
  let turn = 0;
  return {
    async outward(request) {
      if (isCa(request)) return attacker.passOn(request);
      if (isRegistration(request)) {
        asked = EnrollRequest.parse(JSON.parse(request.body));
        return forgedAcceptance(requestId, asked.ext?.token_id === undefined ? undefined : 'accepted');
      }
      if (!isPoll(request) || !asked) return jsonReply({}, 200);
      turn += 1;
      return forgedApproval(await forgedBundle(authority, asked, requestId), turn);
    },
  };
}

/** Lets the manager take the request and answers the polls itself, with the real id and nonce. */
function forgeApproval({ authority }: Attacker): Tricks {
  let asked: EnrollRequest | undefined;
  let requestId = randomUUID() as string;
  let turn = 0;
  return {
    async outward(request) {
      if (isRegistration(request)) asked = EnrollRequest.parse(JSON.parse(request.body));
      if (!isPoll(request) || !asked) return request;
      turn += 1;
      return forgedApproval(await forgedBundle(authority, asked, requestId), turn);
    },
    homeward(reply, request) {
      if (isRegistration(request)) {
        const { ext } = parsed(reply) as { ext?: { request_id?: string } };
        requestId = ext?.request_id ?? requestId;
      }
      return reply;
    },
  };
}

/** Changes members of the real approval. */
function changeApproval(change: (bundle: Bundle) => object | Promise<object>): Tricks {
  return {
    async homeward(reply, request) {
      if (!isPoll(request) || !isApproval(reply)) return reply;
      const bundle = parsed(reply) as unknown as Bundle;
      return jsonReply({ ...bundle, ...(await change(bundle)) });
    },
  };
}

/** Puts its own key into the request: the certificate would be for the attacker, under the host's name. */
function swapKey(): Tricks {
  return {
    async outward(request) {
      if (!isRegistration(request)) return request;
      const body = EnrollRequest.parse(JSON.parse(request.body));
      const privateKeyPem = await generateKey();
      const names = { dnsNames: [body.fqdn], ipAddresses: [body.ip_address] };
      const csr = await createRequest({ privateKeyPem, commonName: 'x', ...names });
      const text = JSON.stringify({ ...body, ext: { ...body.ext, csr } });
      const proof = signProof({
        label: 'lpe1/enroll',
        method: 'POST',
        path: ENROLL,
        token: '',
        body: text,
        privateKeyPem,
        timestampS: Math.floor(Date.now() / 1000),
        nonce: randomBytes(12),
      });
      return { ...request, body: text, headers: { ...request.headers, 'enroll-proof': proof } };
    },
  };
}

/** Takes the extension out of the request, so that an unsuspecting manager makes the key and sends it along. */
const stripRequest: Tricks = {
  outward(request) {
    if (!isRegistration(request)) return request;
    const { ext: _ext, ...older } = EnrollRequest.parse(JSON.parse(request.body));
    const { 'enroll-proof': _proof, ...headers } = request.headers;
    return { ...request, headers, body: JSON.stringify(older) };
  },
};

const stripAnswers: Tricks = {
  homeward(reply, request) {
    if (!isRegistration(request) && !isApproval(reply)) return reply;
    const { ext: _ext, ...older } = parsed(reply);
    return jsonReply(older, reply.status);
  },
};

/** Changes what the host says about itself; the proof over the body goes with it. */
const changeNames: Tricks = {
  outward(request) {
    if (!isRegistration(request)) return request;
    const body = EnrollRequest.parse(JSON.parse(request.body));
    const { 'enroll-proof': _proof, ...headers } = request.headers;
    return {
      ...request,
      headers,
      body: JSON.stringify({ ...body, ip_address: '203.0.113.66' }),
    };
  },
};

const answerPolls = (answer: Reply): Tricks => ({
  outward: (request) => (isPoll(request) ? answer : request),
});

/** Earlier approvals that an attacker may have kept. */
export interface Loot {
  /** The approval of another host of this manager. */
  readonly ofAnotherHost: object;
  /** An approval of a host of the same name and address, for a key of then. */
  readonly fromBefore: (fqdn: string, ipAddress: string) => Promise<object>;
}

export interface Attack {
  /** Goes on from "somebody in the middle …". */
  readonly name: string;
  readonly tricks: (attacker: Attacker, loot: Loot) => Tricks;
  /** What a host that believes the first answer has afterwards: nothing, or an identity of the attacker's making. */
  readonly believer: 'nothing' | 'installed';
  /** The manager is left with a request that no code fits, which an administrator has to deny. */
  readonly poisonsRequest?: true;
}

export const ATTACKS: readonly Attack[] = [
  {
    name: 'answers everything and approves with a CA of their own',
    tricks: forgeEverything,
    believer: 'installed',
  },
  {
    name: 'passes the request on and approves it with a CA of their own',
    tricks: forgeApproval,
    believer: 'installed',
  },
  {
    name: 'replaces the CA in the real approval',
    tricks: ({ authority }) => changeApproval(() => ({ ca_crt: authority.root.certificatePem })),
    believer: 'nothing',
  },
  {
    name: 'adds a CA of their own to the real approval',
    tricks: ({ authority }) =>
      changeApproval((bundle) => ({ ca_crt: bundle.ca_crt + authority.root.certificatePem })),
    believer: 'installed',
  },
  {
    name: 'names a client of their own in the real approval',
    tricks: () =>
      changeApproval(({ ext }) => ({
        ext: { ...ext, manager_client: { ...ext?.manager_client, cn: 'somebody-else' } },
      })),
    believer: 'installed',
  },
  {
    name: 'takes the revocation list out of the real approval',
    tricks: () => changeApproval(() => ({ crl_pem: undefined })),
    believer: 'installed',
  },
  {
    name: 'adds a private key of their own to the real approval',
    tricks: ({ authority }) =>
      changeApproval(async () => ({ server_key: (await authority.issueAgent()).privateKeyPem })),
    believer: 'nothing',
  },
  {
    name: 'puts a key of their own into the request',
    tricks: swapKey,
    believer: 'nothing',
  },
  {
    name: 'takes the extension out of the request, so that the manager makes the key',
    tricks: () => stripRequest,
    believer: 'installed',
  },
  {
    name: 'takes the extension out of the answers',
    tricks: () => stripAnswers,
    believer: 'nothing',
  },
  {
    name: 'sends the approval of another host',
    tricks: (_attacker, loot) => changeApproval(() => ({ ext: undefined, ...loot.ofAnotherHost })),
    believer: 'nothing',
  },
  {
    name: 'sends an old approval of the same host again',
    tricks: (_attacker, loot) => {
      let names = { fqdn: '', ip_address: '' };
      return {
        outward(request) {
          if (isRegistration(request)) names = EnrollRequest.parse(JSON.parse(request.body));
          return request;
        },
        homeward: async (reply, request) =>
          isPoll(request) ? jsonReply(await loot.fromBefore(names.fqdn, names.ip_address)) : reply,
      };
    },
    believer: 'nothing',
  },
  {
    name: 'changes the names in the request',
    tricks: () => changeNames,
    believer: 'nothing',
    poisonsRequest: true,
  },
  {
    name: 'denies in the name of the manager',
    tricks: () => answerPolls(jsonReply({ status: 'denied', reason: 'go away' })),
    believer: 'nothing',
  },
  {
    name: 'denies with a proof that is made up',
    tricks: () =>
      answerPolls(
        jsonReply({ status: 'denied', reason: 'go away', tag_m: randomBytes(32).toString('base64url') }),
      ),
    believer: 'nothing',
  },
  {
    name: 'says that the manager does not know the request',
    tricks: () => answerPolls(jsonReply({ status: 'notfound' })),
    believer: 'nothing',
  },
];
