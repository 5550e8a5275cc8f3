import type { Files } from '@linux-patch/runtime';
import type { OwnVerdict } from '../trust/join-verdict.ts';
import { type PendingEnrollment, type PendingPlaces, readPending } from './pending.ts';

/** The enrolment as `status` shows it. The host code is for the administrator of this host; the token is not shown. */
export interface EnrollmentSummary {
  readonly state: string;
  readonly manager_url: string;
  readonly key_id: string;
  readonly host_code: string | null;
  /** The join token that was shown to the manager and what became of it; null before the answer. */
  readonly join_token: { readonly id: string; readonly verdict: OwnVerdict | null } | null;
  /** What proves the manager, and the CA that vouches for the connection; null before that is settled. */
  readonly manager_proof: PendingEnrollment['trust'];
  readonly waiting_since: string;
  readonly last_poll_at: string | null;
  readonly next_attempt_at: string | null;
  readonly last_error: string | null;
}

/** Reads the enrolment under way; undefined when there is none. */
export async function readEnrollmentSummary(
  files: Files,
  places: PendingPlaces,
): Promise<EnrollmentSummary | undefined> {
  const pending = await readPending(files, places);
  if (!pending) return undefined;
  return {
    state: pending.state,
    manager_url: pending.manager_url,
    key_id: pending.key_id,
    // A code that no manager has a MAC for yet would only be typed in vain.
    host_code: pending.generation === 'current' ? pending.host_code : null,
    join_token: pending.join_token && { id: pending.join_token.id, verdict: pending.join_token.verdict },
    manager_proof: pending.trust,
    waiting_since: pending.created_at,
    last_poll_at: pending.last_poll_at,
    next_attempt_at: pending.next_attempt_at,
    last_error: pending.last_error,
  };
}
