import { ENROLL_HEADERS, ENROLL_PATHS, type EnrollAck, type EnrollRequest } from '@linux-patch/contract';
import {
  agentTag,
  createRequest,
  joinTokenTag,
  parseCertificateDer,
  signProof,
  transcriptHash,
} from '@linux-patch/pki';
import type { Logger } from '@linux-patch/runtime';
import { wordsOf } from '../../manager-link/answer-body.ts';
import type { ManagerAnswer } from '../../manager-link/client.ts';
import type { PeerTrust } from '../../manager-link/connection.ts';
import { ManagerFailure } from '../../manager-link/failure.ts';
import { findHttpDateMs } from '../../manager-link/http-date.ts';
import {
  type ManagerLink,
  type ManagerWay,
  openManagerLink,
  PEM,
  REQUEST_TIMEOUT_MS,
} from '../../manager-link/link.ts';
import type { Applicant, EnrollmentTime } from '../settings.ts';
import { type PendingEnrollment, transcriptOf } from '../state/pending.ts';
import type { Trust } from '../trust/trust.ts';
import { type PollAnswer, type RegistrationAnswer, readPoll, readRegistration } from './answers.ts';

/** Serving begins after the acknowledgement, so a slow one is given up soon and said again at the next start. */
const ACK_TIMEOUT_MS = 10_000;
const HOLD_MARGIN_MS = 10_000;

/** One enrolment's conversation with its manager. */
export interface ManagerCalls {
  register(options: { readonly withExtension: boolean }): Promise<RegistrationAnswer>;
  /** Asks what became of the request; a manager of this generation may hold the answer for `holdS` seconds. */
  poll(token: string, holdS: number): Promise<PollAnswer>;
  /**
   * Tells the manager that the bundle is installed; older managers have no such endpoint.
   * @throws ManagerFailure unless the manager took it
   */
  acknowledge(token: string, ack: EnrollAck): Promise<void>;
  /** Whether the manager publishes its CA, which those of the older generation do not. */
  publishesCa(): Promise<boolean>;
  /** Distinct leaf certificates that answered, DER, for a check against a CA that is learned later. */
  peers(): readonly Uint8Array[];
  /** SHA-256 of the key of the TLS peer that answered last; undefined for plain HTTP. */
  peerKey(): string | undefined;
}

/** What a conversation needs of the enrolment, as it is at each request. */
export interface CallParts {
  readonly pending: PendingEnrollment;
  readonly keyPem: string;
  /** What is derived from the host code. */
  codeKey(): Promise<Uint8Array>;
}

/** What every conversation with a manager is made with. */
export interface CallOptions {
  readonly way: ManagerWay;
  readonly time: EnrollmentTime;
  readonly logger: Logger;
  /** What the request says about the operating system. */
  readonly details: Applicant['details'];
}

/**
 * Whom the next connection may be with. Where nothing but the first contact vouches for the peer, its key must stay the
 * same: the token would go to whoever came in between. The host code needs no such help.
 */
function peerFor(trust: Trust, pending: PendingEnrollment): PeerTrust {
  if (trust.peer.kind === 'verified' || trust.kind === 'code') return trust.peer;
  return { kind: 'unverified', spkiSha256: pending.peer_spki ?? undefined };
}

async function registrationBody(
  details: Applicant['details'],
  parts: CallParts,
  options: { readonly trust: Trust; readonly withExtension: boolean },
): Promise<string> {
  const { pending, keyPem } = parts;
  const request: EnrollRequest = {
    machine_id: pending.machine_id,
    fqdn: pending.fqdn,
    ip_address: pending.ip_address,
    hostname: pending.hostname,
    os_details: await details(),
  };
  if (!options.withExtension) return JSON.stringify(request);
  const key = await parts.codeKey();
  const transcript = transcriptHash(transcriptOf(pending));
  const token = pending.join_token;
  const ext: NonNullable<EnrollRequest['ext']> = {
    v: 1,
    csr: await createRequest({
      privateKeyPem: keyPem,
      commonName: `${pending.fqdn}-server`.slice(0, 64),
      dnsNames: [pending.fqdn],
      ipAddresses: [pending.ip_address],
    }),
    nonce_a: pending.nonce_a,
    tag_a: agentTag(key, transcript),
    modes: [
      'code',
      ...(options.trust.kind === 'code' ? [] : (['click'] as const)),
      ...(token === null ? [] : (['token'] as const)),
    ],
    ...(token === null
      ? {}
      : { token_id: token.id, token_mac: joinTokenTag(Buffer.from(token.key, 'base64url'), transcript) }),
    ...(pending.clone_of === null ? {} : { clone_of: pending.clone_of }),
    manager_proof: {
      by: options.trust.kind,
      ...(options.trust.issuer ? { issuer: options.trust.issuer } : {}),
    },
  };
  return JSON.stringify({ ...request, ext });
}

type Proof = Omit<Parameters<typeof signProof>[0], 'privateKeyPem' | 'timestampS' | 'nonce'>;

/** Signs what is sent, and remembers who answered and what time it is for the manager. */
class Conversation {
  readonly link: ManagerLink;
  readonly #options: CallOptions;
  readonly #trust: Trust;
  readonly #parts: () => CallParts;
  readonly #peers = new Map<string, Uint8Array>();
  #lastPeer: Uint8Array | undefined;
  #warned = false;
  #clockOffsetS = 0;

  constructor(options: CallOptions, trust: Trust, parts: () => CallParts) {
    this.#options = options;
    this.#trust = trust;
    this.#parts = parts;
    this.link = openManagerLink(options.way, () => peerFor(trust, parts().pending));
  }

  get peers(): readonly Uint8Array[] {
    return [...this.#peers.values()];
  }

  get lastPeer(): Uint8Array | undefined {
    return this.#lastPeer;
  }

  /** From now on proofs carry the manager's time. */
  adoptTime(serverTimeS: number): void {
    this.#clockOffsetS = serverTimeS - Math.floor(this.#options.time.clock.now() / 1000);
  }

  prove(proof: Proof): string {
    return signProof({
      ...proof,
      privateKeyPem: this.#parts().keyPem,
      timestampS: Math.floor(this.#options.time.clock.now() / 1000) + this.#clockOffsetS,
      nonce: this.#options.time.random.bytes(12),
    });
  }

  /** Waits for an answer and notes who gave it. */
  async heard(asked: Promise<ManagerAnswer>): Promise<ManagerAnswer> {
    const answer = await asked;
    if (answer.smallHello) this.#warnOfSmallHello();
    const dateMs = findHttpDateMs(answer.headers.date ?? '');
    if (this.#trust.peer.kind === 'verified' && dateMs !== undefined)
      this.#options.time.clockWatch.heard(dateMs);
    this.#lastPeer = answer.peerCertificate;
    if (this.#lastPeer) this.#peers.set(Buffer.from(this.#lastPeer).toString('base64'), this.#lastPeer);
    return answer;
  }

  #warnOfSmallHello(): void {
    if (this.#warned) return;
    this.#warned = true;
    this.#options.logger.warn(
      'Something on the way to the manager cuts connections whose first packet is large (post-quantum key exchange); it is asked ' +
        'without that from now on. A firewall or proxy that was not updated for TLS of today does this.',
      { manager: this.#options.way.managerUrl.href },
    );
  }
}

/** The generation decides where the token travels: older managers know it only in the path. */
async function poll(
  talk: Conversation,
  token: string,
  how: { readonly older: boolean; readonly holdS: number },
): Promise<PollAnswer> {
  const { older, holdS } = how;
  const path = older ? `${ENROLL_PATHS.status}/${token}` : ENROLL_PATHS.statusSelf;
  const shownUrl = `${talk.link.at(ENROLL_PATHS.status).href}/…`;
  const proven = {
    authorization: `${ENROLL_HEADERS.authorizationScheme} ${token}`,
    [ENROLL_HEADERS.proof]: talk.prove({ label: 'lpe1/poll', method: 'GET', path, token }),
    ...(holdS > 0 ? { [ENROLL_HEADERS.prefer]: `wait=${holdS}` } : {}),
  };
  const timeoutMs = older ? REQUEST_TIMEOUT_MS : Math.max(REQUEST_TIMEOUT_MS, holdS * 1000 + HOLD_MARGIN_MS);
  const headers = older ? {} : proven;
  const answer = await talk.heard(talk.link.get(path, { shownUrl, secret: token, headers, timeoutMs }));
  const read = readPoll(answer, shownUrl);
  if (read.kind === 'clock_off') talk.adoptTime(read.serverTimeS);
  return read;
}

async function acknowledge(talk: Conversation, token: string, ack: EnrollAck): Promise<void> {
  const body = JSON.stringify(ack);
  const path = ENROLL_PATHS.ack;
  const headers = {
    authorization: `${ENROLL_HEADERS.authorizationScheme} ${token}`,
    [ENROLL_HEADERS.proof]: talk.prove({ label: 'lpe1/ack', method: 'POST', path, token, body }),
  };
  const answer = await talk.heard(talk.link.post(path, body, { headers, timeoutMs: ACK_TIMEOUT_MS }));
  if (answer.status < 300) return;
  throw new ManagerFailure(
    'transient',
    `${talk.link.at(path).href} does not take the acknowledgement: ${wordsOf(answer)}.`,
  );
}

async function publishesCa(talk: Conversation): Promise<boolean> {
  const answer = await talk.heard(talk.link.get(ENROLL_PATHS.ca, { headers: PEM }));
  return answer.status === 200 && answer.text.includes('-----BEGIN CERTIFICATE-----');
}

/** Opens the conversation. Nothing is sent yet. */
export function openManagerCalls(options: CallOptions, trust: Trust, parts: () => CallParts): ManagerCalls {
  const talk = new Conversation(options, trust, parts);
  return {
    peers: () => talk.peers,
    peerKey: () => talk.lastPeer && parseCertificateDer(talk.lastPeer).spkiSha256,
    async register({ withExtension }) {
      const body = await registrationBody(options.details, parts(), { trust, withExtension });
      const path = ENROLL_PATHS.enroll;
      const proof = talk.prove({ label: 'lpe1/enroll', method: 'POST', path, token: '', body });
      const headers = withExtension ? { [ENROLL_HEADERS.proof]: proof } : {};
      const answer = await talk.heard(talk.link.post(path, body, { headers }));
      return readRegistration(answer, talk.link.at(path).href);
    },
    poll: (token, holdS) => poll(talk, token, { older: parts().pending.generation === 'older', holdS }),
    acknowledge: (token, ack) => acknowledge(talk, token, ack),
    publishesCa: () => publishesCa(talk),
  };
}
