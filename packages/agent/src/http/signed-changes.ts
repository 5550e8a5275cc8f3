import {
  CancelHeaders,
  CHALLENGE_HEADER,
  isPatchError,
  JOB_SIGNATURE_HEADER,
  type Route,
  SIGNED_JOB_HEADER,
} from '@linux-patch/contract';
import type { Answer, UnparsedInput } from '@linux-patch/http';
import type { Admission, SignatureGate, SignatureNeed } from '@linux-patch/worker';
import { LOCAL_CALLER } from '../access/caller.ts';
import type { AgentRequest } from './agent-request.ts';

/** What needs no signature. */
export const FREE: Admission = { signedBy: undefined, spend: async () => {} };

/** Whether requests of a route are signed; undefined where they are not. */
export function signatureNeedOf({ headers }: Pick<Route, 'headers'>): SignatureNeed | undefined {
  if (!headers?.shape[SIGNED_JOB_HEADER]) return undefined;
  return headers === CancelHeaders ? 'when_spent' : 'always';
}

/**
 * Looks at the signature of a change before its body is parsed. Root on the socket of this host signs nothing.
 * @throws PatchError as `SignatureGate.admit` does
 */
export async function admitChange(
  gate: SignatureGate,
  { caller, header, trail }: AgentRequest,
  change: Pick<UnparsedInput<Route>, 'line' | 'bodyBytes'> & { readonly need: SignatureNeed },
): Promise<Admission> {
  if (caller === LOCAL_CALLER) return FREE;
  const admission = await gate.admit(
    {
      line: change.line,
      body: change.bodyBytes,
      idempotencyKey: header('idempotency-key'),
      job: header(SIGNED_JOB_HEADER),
      signature: header(JOB_SIGNATURE_HEADER),
    },
    change.need,
  );
  trail.signedBy = admission.signedBy;
  return admission;
}

/**
 * Lets the answer bring a number for the next signature.
 * @param refusal why the change was not made; undefined for one that was
 * @throws PatchError `SERVICE_UNHEALTHY` when there is no number, and the refusal would ask for a signature over one
 */
export async function bringChallenge(
  gate: SignatureGate,
  { caller, trail }: AgentRequest,
  refusal?: unknown,
): Promise<void> {
  if (caller === LOCAL_CALLER) return;
  try {
    trail.challenge = await gate.nextChallenge();
  } catch (error) {
    if (isPatchError(refusal, 'SIGNATURE_REQUIRED', 'CHALLENGE_UNKNOWN')) throw error;
  }
}

/** Puts that number on the answer. */
export function showChallenge({ trail }: AgentRequest, { headers }: Answer): void {
  if (trail.challenge !== undefined) headers.set(CHALLENGE_HEADER.toLowerCase(), trail.challenge);
}
