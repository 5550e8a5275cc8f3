import type { Bundle } from '@linux-patch/contract';
import type { FailureCounts } from '../failure-counts.ts';
import type { EnrollmentWait, PollPace } from '../poll-pace.ts';
import type { EnrollMode, EnrollmentReport, EnrollmentTime, EnrollOutcome } from '../settings.ts';
import type { CurrentEnrollment } from '../state/current-enrollment.ts';
import type { PendingEnrollment } from '../state/pending.ts';
import type { Trust } from '../trust/trust.ts';
import type { ManagerCalls } from './manager-calls.ts';

/** Waits, and why. An error is kept for `status` and logged. */
export interface WaitStep {
  readonly kind: 'wait';
  readonly reason: EnrollmentWait;
  readonly error?: string;
  readonly state?: PendingEnrollment['state'];
}

/** What to do next. */
export type NextStep = WaitStep | { readonly kind: 'end'; readonly outcome: EnrollOutcome };

/** What one request of an enrolment came to. */
export type Step = NextStep | { readonly kind: 'approved'; readonly bundle: Bundle };

/** What a step works with. */
export interface StepParts {
  readonly mode: EnrollMode;
  readonly time: EnrollmentTime;
  readonly report: EnrollmentReport;
  readonly record: CurrentEnrollment;
  readonly counts: FailureCounts;
  /** How often this request is asked about; steps move it on. */
  readonly pacing: { pace: PollPace };
  readonly trust: Trust;
  readonly calls: ManagerCalls;
}

/** How a registration is asked for; carried from one to the next within a run. */
export interface Asking {
  withExtension: boolean;
  again: boolean;
}

/** Ask again at once. */
export const AT_ONCE: WaitStep = { kind: 'wait', reason: { kind: 'held' } };

/** Something only a person can mend: a command ends with it, a service says it and looks again now and then. */
export function needsPerson(parts: Pick<StepParts, 'mode' | 'counts'>, message: string): NextStep {
  if (parts.mode === 'once') return { kind: 'end', outcome: { kind: 'failed', message } };
  return {
    kind: 'wait',
    reason: { kind: 'security', failures: parts.counts.count('person') },
    error: message,
    state: 'needs_person',
  };
}

/** A refusal, as it came. */
export interface Denial {
  readonly reason: string | undefined;
  /** Whether its MAC shows that its sender knows the host code. */
  readonly tagIsRight: boolean;
}

/**
 * This host was refused. That ends the enrolment only when it is the manager who says so: over a connection that proves
 * it, or with a MAC by the host code. Whatever else says so is waited out with key and code kept: proxies and strangers
 * can say it to a whole fleet. It is written down, because a person who starts the agent again expects that it asks once
 * more.
 */
export async function refusal(parts: StepParts, denial: Denial): Promise<NextStep> {
  const { record, counts, trust } = parts;
  const { audit } = parts.report;
  const { key_id, manager_url: manager } = record.pending;
  const { reason, tagIsRight: proven } = denial;
  if (proven || trust.peer.kind === 'verified') {
    audit.record('enrollment_denied', { key_id, reason, proven });
    await record.forget();
    return { kind: 'end', outcome: { kind: 'denied', reason } };
  }
  const failures = counts.count('unproven_denial');
  await record.note({ denial_unproven: true });
  if (failures === 0) audit.record('enrollment_denial_unproven', { key_id, manager, reason });
  return {
    kind: 'wait',
    reason: { kind: 'refused', failures },
    error:
      `Something at ${manager} says that this host is denied (${reason ?? 'no reason was given'}), but nothing proves that it is the manager: ` +
      'it may be a proxy or a stranger. Key and host code are kept and the agent asks on. If an administrator did deny this host: stop the agent, or ' +
      'deny it with its code ("linux-patch-manager enrollments deny ID --code"), which proves it. If that was a mistake: start the agent again, and it asks to join once more.',
    state: 'retrying',
  };
}
