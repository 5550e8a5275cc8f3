import type { AgentStatus } from '@linux-patch/contract';
import type { Files } from '@linux-patch/runtime';
import { type PendingPlaces, readPending } from './pending.ts';

/** The enrolment as `status` shows it. The host code is for the administrator of this host; the token is not shown. */
export type EnrollmentSummary = Omit<NonNullable<AgentStatus['enrollment']>, 'waiting_seconds'>;

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
