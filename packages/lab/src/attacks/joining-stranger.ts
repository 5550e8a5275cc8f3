import { randomBytes } from 'node:crypto';
import { ENROLL_HEADERS, ENROLL_PATHS, EnrollAccepted } from '@linux-patch/contract';
import {
  createRequest,
  generateKey,
  joinTokenId,
  joinTokenKey,
  joinTokenTag,
  parseJoinString,
  publicKeySpki,
  signProof,
  spkiSha256,
  transcriptHash,
} from '@linux-patch/pki';
import { callAsStranger, type StrangersAnswer } from './stranger.ts';

/** Who a stranger says it is. */
export interface ClaimedNames {
  readonly fqdn: string;
  readonly hostname: string;
  readonly ip_address: string;
}

/** A request to join, signed as an agent of this generation does. */
export interface Asked {
  readonly answer: StrangersAnswer;
  readonly keyPem: string;
  /** Asks what became of it. */
  poll(): Promise<StrangersAnswer>;
}

/** Asks a manager to join under any names, with a join string where there is one. */
export async function askToJoin(options: {
  readonly url: string;
  readonly names: ClaimedNames;
  readonly joinString?: string;
  readonly from?: string;
}): Promise<Asked> {
  const { url, names, joinString, from } = options;
  const keyPem = await generateKey();
  const machine_id = randomBytes(16).toString('hex');
  const nonce_a = randomBytes(32).toString('base64url');
  const spki_sha256 = spkiSha256(publicKeySpki(keyPem));
  const transcript = transcriptHash({ v: 1, machine_id, ...names, spki_sha256, nonce_a });
  const secret = joinString === undefined ? undefined : parseJoinString(joinString).secret;
  const token = secret && {
    token_id: joinTokenId(secret),
    token_mac: joinTokenTag(joinTokenKey(secret), transcript),
  };
  const ext = {
    v: 1,
    csr: await createRequest({ privateKeyPem: keyPem, commonName: 'x', dnsNames: [], ipAddresses: [] }),
    nonce_a,
    tag_a: randomBytes(32).toString('base64url'),
    modes: ['code', 'click', ...(token ? ['token'] : [])],
    ...token,
  };
  const call = { url, ...(from === undefined ? {} : { from }) };
  const answer = await callAsStranger({
    ...call,
    path: ENROLL_PATHS.enroll,
    body: { machine_id, ...names, os_details: {}, ext },
  });
  return {
    answer,
    keyPem,
    poll() {
      const { polling_token } = EnrollAccepted.parse(JSON.parse(answer.text));
      const path = ENROLL_PATHS.statusSelf;
      const proof = signProof({
        label: 'lpe1/poll',
        method: 'GET',
        path,
        token: polling_token,
        privateKeyPem: keyPem,
        timestampS: Math.floor(Date.now() / 1000),
        nonce: randomBytes(12),
      });
      const authorization = `${ENROLL_HEADERS.authorizationScheme} ${polling_token}`;
      return callAsStranger({ ...call, path, headers: { authorization, [ENROLL_HEADERS.proof]: proof } });
    },
  };
}
