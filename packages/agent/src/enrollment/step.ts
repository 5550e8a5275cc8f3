import type { Bundle } from '@linux-patch/contract';
import type { JoinCredential } from './join-source.ts';
import type { ManagerCalls } from './manager-calls.ts';
import type { PendingEnrollment } from './pending.ts';
import type { PollPace } from './poll-pace.ts';
import type { EnrollmentRecord } from './record.ts';
import type { WaitReason } from './schedule.ts';
import type { Setbacks } from './setbacks.ts';
import type { EnrollContext, EnrollOutcome } from './settings.ts';
import type { Trust } from './trust.ts';

/** Waits, and why. An error is kept for `status` and logged. */
export interface WaitStep {
  readonly kind: 'wait';
  readonly reason: WaitReason;
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

/** An administrator refused this host: nothing of the request is kept, and a person's next start asks once more. */
export async function endDenied(
  { context, record }: StepParts,
  reason: string | undefined,
  proven: boolean,
): Promise<NextStep> {
  context.audit('enrollment_denied', { key_id: record.pending.key_id, reason, proven });
  await record.forget();
  return { kind: 'end', outcome: { kind: 'denied', reason } };
}
