import type { Bundle } from '@linux-patch/contract';
import type { PollPace } from '../poll-pace.ts';
import type { Setbacks } from '../setbacks.ts';
import type { EnrollContext, EnrollOutcome } from '../settings.ts';
import type { PendingEnrollment } from '../state/pending.ts';
import type { EnrollmentRecord } from '../state/record.ts';
import type { JoinCredential } from '../trust/join-source.ts';
import type { Trust } from '../trust/trust.ts';
import type { EnrollmentWait } from '../wait-time.ts';
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
  readonly context: EnrollContext;
  readonly record: EnrollmentRecord;
  readonly setbacks: Setbacks;
  /** How often this request is asked about; steps move it on. */
  readonly pacing: { pace: PollPace };
  readonly trust: Trust;
  readonly calls: ManagerCalls;
  /** The join string of this host. */
  readonly join: JoinCredential | undefined;
}

/** Ask again at once. */
export const AT_ONCE: WaitStep = { kind: 'wait', reason: { kind: 'held' } };

/** Something only a person can mend: a command ends with it, a service says it and looks again now and then. */
export function needsPerson(
  parts: { readonly context: Pick<EnrollContext, 'mode'>; readonly setbacks: Setbacks },
  message: string,
): NextStep {
  if (parts.context.mode === 'once') return { kind: 'end', outcome: { kind: 'failed', message } };
  return {
    kind: 'wait',
    reason: { kind: 'security', failures: parts.setbacks.count('person') },
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
  const { context, record, setbacks, trust } = parts;
  const { key_id, manager_url: manager } = record.pending;
  const { reason, tagIsRight: proven } = denial;
  if (proven || trust.peer.kind === 'verified') {
    context.audit('enrollment_denied', { key_id, reason, proven });
    await record.forget();
    return { kind: 'end', outcome: { kind: 'denied', reason } };
  }
  const failures = setbacks.count('unproven_denial');
  await record.note({ denial_unproven: true });
  if (failures === 0) context.audit('enrollment_denial_unproven', { key_id, manager, reason });
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
