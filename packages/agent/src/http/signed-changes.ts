import { CHALLENGE_HEADER, JOB_SIGNATURE_HEADER, type Route, SIGNED_JOB_HEADER } from '@linux-patch/contract';
import type { Answer, UnparsedInput } from '@linux-patch/http';
import type { CancelAnswer, StartAnswer } from '@linux-patch/worker';
import { LOCAL_CALLER } from '../access/caller.ts';
import type { PassedChange } from '../jobs/changes.ts';
import type { AgentRequest } from './agent-request.ts';

/** What the worker has room for; a media type is shorter. */
const MOST_CONTENT_TYPE = 256;
const MOST_NAMES = 100;

type Unparsed = Pick<UnparsedInput<Route>, 'line' | 'bodyBytes'>;

/** A change as it goes to the worker: nothing of its body was parsed. */
export function passedChange(
  { caller, header }: AgentRequest,
  { line, bodyBytes }: Unparsed,
  names: readonly string[],
): PassedChange {
  const change = {
    line,
    contentType: header('content-type')?.slice(0, MOST_CONTENT_TYPE),
    idempotencyKey: header('idempotency-key'),
    job: header(SIGNED_JOB_HEADER),
    signature: header(JOB_SIGNATURE_HEADER),
    caller: caller === LOCAL_CALLER ? ('local' as const) : ('network' as const),
    names: names.slice(0, MOST_NAMES),
  };
  return { change, body: bodyBytes };
}

/** Notes what the worker's verdict says of the signature, for the answer and the audit log. */
export function noteVerdict({ trail }: AgentRequest, verdict: StartAnswer | CancelAnswer): void {
  trail.challenge = verdict.challenge;
  if (verdict.kind !== 'refused') trail.signedBy = verdict.signedBy ?? undefined;
}

/** Puts the number for the next signature on the answer. */
export function showChallenge({ trail }: AgentRequest, { headers }: Answer): void {
  if (trail.challenge !== undefined) headers.set(CHALLENGE_HEADER.toLowerCase(), trail.challenge);
}
