import {
  CancelHeaders,
  CHALLENGE_HEADER,
  isPatchError,
  JOB_SIGNATURE_HEADER,
  type Route,
  SIGNED_JOB_HEADER,
} from '@linux-patch/contract';
import type { UnparsedInput } from '@linux-patch/http';
import type { Admission, SignatureNeed } from '@linux-patch/worker';
import type { Context } from 'hono';
import { LOCAL_CALLER } from '../access/caller.ts';
import type { AgentEnv } from './agent-env.ts';

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
  context: Context<AgentEnv>,
  { line, bodyBytes }: Pick<UnparsedInput<Route>, 'line' | 'bodyBytes'>,
  need: SignatureNeed,
): Promise<Admission> {
  if (context.env.caller === LOCAL_CALLER) return FREE;
  const admission = await context.get('gate').admit(
    {
      line,
      body: bodyBytes,
      idempotencyKey: context.req.header('idempotency-key'),
      job: context.req.header(SIGNED_JOB_HEADER),
      signature: context.req.header(JOB_SIGNATURE_HEADER),
    },
    need,
  );
  context.set('signedBy', admission.signedBy);
  return admission;
}

/**
 * Lets the answer bring a number for the next signature.
 * @param refusal why the change was not made; undefined for one that was
 * @throws PatchError `SERVICE_UNHEALTHY` when there is no number, and the refusal would ask for a signature over one
 */
export async function bringChallenge(context: Context<AgentEnv>, refusal?: unknown): Promise<void> {
  if (context.env.caller === LOCAL_CALLER) return;
  try {
    context.set('challenge', await context.get('gate').nextChallenge());
  } catch (error) {
    if (isPatchError(refusal, 'SIGNATURE_REQUIRED', 'CHALLENGE_UNKNOWN')) throw error;
  }
}

/** Puts that number on the answer. */
export function showChallenge(context: Context<AgentEnv>): void {
  const challenge = context.get('challenge');
  if (challenge !== undefined) context.res.headers.set(CHALLENGE_HEADER, challenge);
}
