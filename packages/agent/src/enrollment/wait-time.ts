import { nextDelayMs, type WaitReason } from '../manager-link/schedule.ts';
import { type PollPace, pollDelayMs } from './poll-pace.ts';

/** Why an enrolment waits before its next request. */
export type EnrollmentWait =
  /** The manager held the poll open; ask again at once. */
  | { readonly kind: 'held' }
  /** The request waits for a person. */
  | { readonly kind: 'pending'; readonly pace: PollPace }
  | WaitReason;

/** Spread between two held polls, so that a restarted manager is not met by everybody at once. */
const HELD_SPREAD_MS = 500;

/**
 * How long to wait before the next request, milliseconds.
 *
 * @param draw uniform in [0, 1)
 */
export function waitTimeMs(wait: EnrollmentWait, draw: number): number {
  if (wait.kind === 'held') return HELD_SPREAD_MS * draw;
  return wait.kind === 'pending' ? pollDelayMs(wait.pace, draw) : nextDelayMs(wait, draw);
}
