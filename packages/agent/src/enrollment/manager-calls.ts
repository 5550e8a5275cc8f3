import {
  type Bundle,
  ENROLL_HEADERS,
  ENROLL_PATHS,
  type EnrollAck,
  type EnrollRequest,
} from '@linux-patch/contract';
import { agentTag, createRequest, signProof, stretchHostCode, transcriptHash } from '@linux-patch/pki';
import { type PollAnswer, type RegistrationAnswer, readPoll, readRegistration } from './answers.ts';
import { askManager } from './manager-client.ts';
import { collectOsDetails } from './os-details.ts';
import { type PendingEnrollment, transcriptOf } from './pending.ts';
import type { EnrollContext } from './settings.ts';
import type { Trust } from './trust.ts';

export const REQUEST_TIMEOUT_MS = 30_000;
/** How long the manager is asked to hold a poll. */
const HOLD_S = 50;
const HOLD_MARGIN_MS = 10_000;

/** One enrolment's conversation with its manager. */
export interface ManagerCalls {
  register(options: { readonly withExtension: boolean }): Promise<RegistrationAnswer>;
  poll(token: string): Promise<PollAnswer>;
  /** Tells the manager that the bundle is installed; older managers have no such endpoint. */
  acknowledge(token: string, ack: EnrollAck): Promise<void>;
  /** Leaf certificates seen on unproven connections, DER, for a check against a CA that is learned later. */
  readonly peers: readonly Uint8Array[];
}

async function registrationBody(
  context: EnrollContext,
  pending: PendingEnrollment,
  keyPem: string,
  options: { readonly trust: Trust; readonly withExtension: boolean },
): Promise<string> {
  const request: EnrollRequest = {
    machine_id: pending.machine_id,
    fqdn: pending.fqdn,
    ip_address: pending.ip_address,
    hostname: pending.hostname,
    os_details: { ...(await collectOsDetails(context)), agent_port: context.agentPort },
  };
  if (!options.withExtension) return JSON.stringify(request);
  const key = await stretchHostCode(pending.host_code, pending.nonce_a);
  const ext: NonNullable<EnrollRequest['ext']> = {
    v: 1,
    csr: await createRequest({
      privateKeyPem: keyPem,
      commonName: `${pending.fqdn}-server`.slice(0, 64),
      dnsNames: [pending.fqdn],
      ipAddresses: [pending.ip_address],
    }),
    nonce_a: pending.nonce_a,
    tag_a: agentTag(key, transcriptHash(transcriptOf(pending))),
    modes: options.trust.kind === 'code' ? ['code'] : ['code', 'click'],
  };
  return JSON.stringify({ ...request, ext });
}

/** Opens the conversation. Nothing is sent yet. */
export function openManagerCalls(
  context: EnrollContext,
  parts: { readonly pending: () => PendingEnrollment; readonly keyPem: string; readonly trust: Trust },
): ManagerCalls {
  const peers: Uint8Array[] = [];
  let clockOffsetS = 0;
  const at = (path: string): URL => new URL(path, context.managerUrl);
  const prove = (
    proof: Omit<Parameters<typeof signProof>[0], 'privateKeyPem' | 'timestampS' | 'nonce'>,
  ): string =>
    signProof({
      ...proof,
      privateKeyPem: parts.keyPem,
      timestampS: Math.floor(context.clock.now() / 1000) + clockOffsetS,
      nonce: context.random.bytes(12),
    });
  const ask = async (request: Omit<Parameters<typeof askManager>[0], 'peer' | 'signal'>) => {
    const answer = await askManager({ ...request, peer: parts.trust.peer, signal: context.signal });
    if (answer.peerCertificate) peers.push(answer.peerCertificate);
    return answer;
  };
  const post = (path: string, body: string, headers: Record<string, string>) =>
    ask({
      url: at(path),
      shownUrl: at(path).href,
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json', ...headers },
      timeoutMs: REQUEST_TIMEOUT_MS,
    });

  return {
    peers,
    async register({ withExtension }) {
      const body = await registrationBody(context, parts.pending(), parts.keyPem, {
        trust: parts.trust,
        withExtension,
      });
      const path = ENROLL_PATHS.enroll;
      const proof = prove({ label: 'lpe1/enroll', method: 'POST', path, token: '', body });
      const answer = await post(path, body, withExtension ? { [ENROLL_HEADERS.proof]: proof } : {});
      return readRegistration(answer, at(path).href);
    },
    async poll(token) {
      const older = parts.pending().generation === 'older';
      const path = older ? `${ENROLL_PATHS.status}/${token}` : ENROLL_PATHS.statusSelf;
      const shownUrl = `${at(ENROLL_PATHS.status).href}/…`;
      const answer = await ask({
        url: at(path),
        shownUrl,
        method: 'GET',
        headers: older
          ? {}
          : {
              authorization: `${ENROLL_HEADERS.authorizationScheme} ${token}`,
              [ENROLL_HEADERS.proof]: prove({ label: 'lpe1/poll', method: 'GET', path, token }),
              [ENROLL_HEADERS.prefer]: `wait=${HOLD_S}`,
            },
        timeoutMs: older ? REQUEST_TIMEOUT_MS : HOLD_S * 1000 + HOLD_MARGIN_MS,
      });
      const read = readPoll(answer, shownUrl);
      if (read.kind === 'clock_off') clockOffsetS = read.serverTimeS - Math.floor(context.clock.now() / 1000);
      return read;
    },
    async acknowledge(token, ack) {
      const body = JSON.stringify(ack);
      const path = ENROLL_PATHS.ack;
      await post(path, body, {
        authorization: `${ENROLL_HEADERS.authorizationScheme} ${token}`,
        [ENROLL_HEADERS.proof]: prove({ label: 'lpe1/ack', method: 'POST', path, token, body }),
      });
    },
  };
}

/** The serial and request of an installed bundle, as the acknowledgement names them. */
export function acknowledgementOf(bundle: Bundle, serialHex: string): EnrollAck | undefined {
  return bundle.ext && { request_id: bundle.ext.request_id, serial: serialHex, state: 'installed' };
}
