import { type Bundle, DAY_MS, isPatchError, messageOf } from '@linux-patch/contract';
import { findManagerTimeMs } from '../clock/manager-time.ts';
import { isLocalFault } from '../host/local-fault.ts';
import { ManagerFailure } from '../manager-link/failure.ts';
import type { WaitReason } from '../manager-link/schedule.ts';
import { FailureCounts } from './failure-counts.ts';
import { afterThrottle, type PollPace, startPace, waitTimeMs } from './poll-pace.ts';
import type { EnrollMode, EnrollmentReport, EnrollmentTime, EnrollOutcome } from './settings.ts';
import { CurrentEnrollment } from './state/current-enrollment.ts';
import type { PendingOptions } from './state/open-pending.ts';
import { type Finishing, installStep, proveStep } from './steps/install.ts';
import { type CallOptions, type ManagerCalls, openManagerCalls } from './steps/manager-calls.ts';
import { type Asking, type NextStep, needsPerson, type StepParts, type WaitStep } from './steps/next-step.ts';
import { pollStep } from './steps/poll.ts';
import type { Provisioner } from './steps/provisioner.ts';
import { registerStep } from './steps/register.ts';
import { CurrentTrust, type CurrentTrustOptions } from './trust/current-trust.ts';
import type { Trust } from './trust/trust.ts';

/** Waiting longer than this is left to the next start, which resumes. */
const WAIT_LIMIT_MS = DAY_MS;

/** What an enrolment works with. */
export interface EnrollOptions {
  readonly mode: EnrollMode;
  readonly polling: { readonly intervalMs: number; readonly maxAttempts: number };
  readonly time: EnrollmentTime;
  readonly report: EnrollmentReport;
  readonly state: PendingOptions;
  readonly trust: CurrentTrustOptions;
  readonly calls: CallOptions;
  readonly provisioner: Provisioner;
}

/**
 * Enrols this host: asks to join, waits for a person, proves what it receives, installs it.
 *
 * Every remote trouble is waited out here; only an installed identity, a denial, a stop, a day without an answer,
 * or (for a command) a fault that a person must mend ends it. The state on disk lets the next call resume.
 */
export async function enroll(options: EnrollOptions): Promise<EnrollOutcome> {
  try {
    const record = await CurrentEnrollment.open(options.state);
    return await new Enrollment(options, record).run();
  } catch (error) {
    if (options.time.signal.aborted) return { kind: 'stopped' };
    if (isPatchError(error)) return { kind: 'failed', message: error.message };
    throw error;
  }
}

class Enrollment {
  readonly #options: EnrollOptions;
  readonly #record: CurrentEnrollment;
  readonly #counts = new FailureCounts();
  readonly #asking: Asking = { withExtension: true, again: false };
  readonly #startedMs: number;
  readonly #pacing: { pace: PollPace };
  readonly #trust: CurrentTrust;
  #talk: { readonly trust: Trust; readonly calls: ManagerCalls } | undefined;

  constructor(options: EnrollOptions, record: CurrentEnrollment) {
    this.#options = options;
    this.#record = record;
    this.#trust = new CurrentTrust(options.trust, options.report, record);
    this.#startedMs = options.time.clock.monotonicMs();
    this.#pacing = { pace: startPace(options.polling.intervalMs, this.#startedMs) };
  }

  async run(): Promise<EnrollOutcome> {
    // The first poll may be held for a minute; whoever looks now should see what the host waits for.
    if (this.#record.token !== undefined) await this.#record.note({ state: 'waiting' });
    for (;;) {
      const step = await this.#attempt();
      const outcome = step.kind === 'end' ? step.outcome : await this.#follow(step);
      if (outcome) return outcome;
    }
  }

  /** One request and what it means. */
  async #attempt(): Promise<NextStep> {
    try {
      const parts = await this.#parts();
      const token = this.#record.token;
      const step =
        token === undefined ? await registerStep(parts, this.#asking) : await pollStep(parts, token);
      // An answer that can be read once is installed even when the agent was told to stop meanwhile.
      return step.kind === 'approved'
        ? await this.#finish(parts, await this.#prove(parts, step.bundle))
        : step;
    } catch (error) {
      return await this.#troubleOf(error);
    }
  }

  async #parts(): Promise<StepParts> {
    const { mode, time, report } = this.#options;
    const trust = await this.#trust.find();
    const record = this.#record;
    // A conversation is with one manager, proven in one way.
    if (this.#talk?.trust !== trust)
      this.#talk = { trust, calls: openManagerCalls(this.#options.calls, trust, () => record) };
    const { calls } = this.#talk;
    return { mode, time, report, record, counts: this.#counts, pacing: this.#pacing, trust, calls };
  }

  #prove(parts: StepParts, bundle: Bundle): Promise<Finishing | WaitStep> {
    return proveStep(parts, this.#options.provisioner, { bundle, pin: this.#trust.pin });
  }

  /** Installs a proven bundle, as often as this host's disk makes it necessary. */
  async #finish(parts: StepParts, finishing: Finishing | WaitStep): Promise<NextStep> {
    if ('kind' in finishing) return finishing;
    for (;;) {
      const step = await installStep(parts, this.#options.provisioner, finishing);
      if (step.kind === 'end') return step;
      const outcome = await this.#wait(step);
      if (outcome) return { kind: 'end', outcome };
    }
  }

  async #troubleOf(error: unknown): Promise<NextStep> {
    if (!(error instanceof ManagerFailure)) {
      if (this.#options.time.signal.aborted) throw error;
      if (isPatchError(error)) return this.#personStep(error.message);
      if (!isLocalFault(error)) throw error;
      const message = `The enrolment could not be written down: ${messageOf(error)}.`;
      if (this.#options.mode === 'once') return { kind: 'end', outcome: { kind: 'failed', message } };
      const failures = this.#counts.count('local');
      return { kind: 'wait', reason: { kind: 'transient', failures }, error: message, state: 'retrying' };
    }
    if (error.isAboutDates) await this.#askTheTime();
    return this.#failureStep(error);
  }

  /** What no answer of a manager means for waiting. */
  #failureStep(error: ManagerFailure): NextStep {
    if (error.kind === 'stopped') return { kind: 'end', outcome: { kind: 'stopped' } };
    if (error.kind === 'security' && this.#options.mode === 'once') return this.#personStep(error.message);
    const failures = this.#counts.count('request');
    const { retryAfterMs } = error;
    if (error.kind === 'throttled') this.#pacing.pace = afterThrottle(this.#pacing.pace);
    const reason: WaitReason =
      error.kind === 'throttled' || retryAfterMs !== undefined
        ? { kind: 'throttled', failures, retryAfterMs }
        : { kind: error.kind === 'protocol' ? 'misconfigured' : error.kind, failures };
    const state = error.kind === 'security' ? 'needs_person' : 'retrying';
    return { kind: 'wait', reason, error: this.#wordsOf(error), state };
  }

  /** A handshake failed on dates: what time it is for the manager says whether this host's clock is the reason. */
  async #askTheTime(): Promise<void> {
    const { known } = this.#trust;
    if (!known || !('anchors' in known)) return;
    const { trust, time } = this.#options;
    const dateMs = await findManagerTimeMs(trust.way, known.anchors).catch(() => undefined);
    if (dateMs !== undefined) time.clockWatch.heard(dateMs);
  }

  #wordsOf({ kind, message, isAboutDates }: ManagerFailure): string {
    const { verdict } = this.#options.time.clockWatch;
    if (isAboutDates && verdict.state === 'bad') return `${message} ${verdict.message}`;
    if (kind !== 'throttled' || !this.#pacing.pace.crowded) return message;
    return (
      `${message} Too many hosts wait for approval behind this address; each is asked for in turn. Approve or deny some of ` +
      'them, or raise the limit of the manager.'
    );
  }

  #personStep(message: string): NextStep {
    return needsPerson({ mode: this.#options.mode, counts: this.#counts }, message);
  }

  /** Waits as the step says, or gives up; undefined means: go on. */
  async #follow(step: WaitStep): Promise<EnrollOutcome | undefined> {
    const { clock, signal } = this.#options.time;
    if (signal.aborted) return { kind: 'stopped' };
    const waitedMs = clock.monotonicMs() - this.#startedMs;
    if (this.#record.pending.polls >= this.#options.polling.maxAttempts || waitedMs > WAIT_LIMIT_MS) {
      await this.#record.note({ polls: 0 });
      return { kind: 'gave_up', message: 'nobody approved this host in time' };
    }
    return this.#wait(step);
  }

  async #wait(step: WaitStep): Promise<EnrollOutcome | undefined> {
    const { clock, random, clockWatch } = this.#options.time;
    const delayMs = waitTimeMs(step.reason, random.fraction());
    if (step.error !== undefined) {
      this.#options.report.logger.warn(step.error, { next_attempt_seconds: Math.round(delayMs / 1000) });
      await this.#record.note({
        last_error: step.error,
        // No date is written down by a clock that is known to be wrong.
        next_attempt_at:
          clockWatch.verdict.state === 'bad' ? null : new Date(clock.now() + delayMs).toISOString(),
        ...(step.state ? { state: step.state } : {}),
      });
    }
    return this.#pause(delayMs);
  }

  /** Sleeps; a clock that is moved ends it, because dates were perhaps all that was wrong. */
  async #pause(delayMs: number): Promise<EnrollOutcome | undefined> {
    const { clock, clockWatch, signal } = this.#options.time;
    const over = new AbortController();
    const either = AbortSignal.any([signal, over.signal]);
    await Promise.race([clock.sleep(delayMs, either).catch(() => {}), clockWatch.moved(either)]);
    over.abort();
    return signal.aborted ? { kind: 'stopped' } : undefined;
  }
}
