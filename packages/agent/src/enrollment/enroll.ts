import { isPatchError, messageOf, PatchError } from '@linux-patch/contract';
import { findManagerTimeMs } from '../clock/manager-time.ts';
import { ManagerFailure } from '../manager-link/failure.ts';
import type { WaitReason } from '../manager-link/schedule.ts';
import { isLocalFault } from './local-fault.ts';
import { afterThrottle, type PollPace, startPace } from './poll-pace.ts';
import { Setbacks } from './setbacks.ts';
import type { EnrollContext, EnrollOutcome } from './settings.ts';
import { EnrollmentRecord } from './state/record.ts';
import { type Finishing, installStep, proveStep } from './steps/finish.ts';
import { type ManagerCalls, openManagerCalls } from './steps/manager-calls.ts';
import { pollStep } from './steps/poll.ts';
import { type Asking, registerStep } from './steps/register.ts';
import { type NextStep, needsPerson, type StepParts, type WaitStep } from './steps/step.ts';
import { type JoinCredential, readJoinString } from './trust/join-source.ts';
import { establishTrust, type Trust, type TrustMode } from './trust/trust.ts';
import { waitTimeMs } from './wait-time.ts';

/** Waiting longer than this is left to the next start, which resumes. */
const WAIT_LIMIT_MS = 24 * 3_600_000;

/**
 * Enrols this host: asks to join, waits for a person, proves what it receives, installs it.
 *
 * Every remote trouble is waited out here; only an installed identity, a denial, a stop, a day without an answer,
 * or (for a command) a fault that a person must mend ends it. The state on disk lets the next call resume.
 */
export async function enroll(context: EnrollContext): Promise<EnrollOutcome> {
  try {
    const record = await EnrollmentRecord.open(context);
    return await new Enrollment(context, record).run();
  } catch (error) {
    if (context.signal.aborted) return { kind: 'stopped' };
    if (isPatchError(error)) return { kind: 'failed', message: error.message };
    throw error;
  }
}

class Enrollment {
  readonly #context: EnrollContext;
  readonly #record: EnrollmentRecord;
  readonly #setbacks = new Setbacks();
  readonly #asking: Asking = { withExtension: true, again: false };
  readonly #startedMs: number;
  readonly #pacing: { pace: PollPace };
  #trust: Trust | undefined;
  #calls: ManagerCalls | undefined;
  #join: JoinCredential | undefined;
  #missedJoinFile = false;

  constructor(context: EnrollContext, record: EnrollmentRecord) {
    this.#context = context;
    this.#record = record;
    this.#startedMs = context.clock.monotonicMs();
    this.#pacing = { pace: startPace(context.pollingIntervalMs, this.#startedMs) };
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
      return step.kind === 'approved' ? await this.#finish(parts, await proveStep(parts, step.bundle)) : step;
    } catch (error) {
      return await this.#troubleOf(error);
    }
  }

  async #parts(): Promise<StepParts> {
    const context = this.#context;
    await this.#takeUpJoinString();
    this.#trust ??= await this.#findTrust();
    this.#calls ??= openManagerCalls(context, this.#trust, () => this.#record);
    return {
      context,
      record: this.#record,
      setbacks: this.#setbacks,
      pacing: this.#pacing,
      trust: this.#trust,
      calls: this.#calls,
      join: this.#join,
    };
  }

  /**
   * Takes up a join string that came, or was replaced, since this enrolment began: the request is made again with it. Its
   * key is kept with the enrolment, so that the file may go while the manager's answer is under way.
   */
  async #takeUpJoinString(): Promise<void> {
    const { files, join: places, trust, logger } = this.#context;
    if (!places) return;
    const found = await readJoinString(files, places);
    if (places.configured !== undefined && !found) this.#missJoinFile(places.configured, trust);
    if (found?.tokenId === this.#join?.tokenId && found?.caFingerprint === this.#join?.caFingerprint) return;
    this.#join = found;
    this.#trust = undefined;
    this.#calls = undefined;
    if (!found || found.tokenId === this.#record.pending.join_token?.id) return;
    logger.info('Joining with a join string', { source: found.source, token: found.tokenId });
    const key = Buffer.from(found.tokenKey).toString('base64url');
    await this.#record.note({
      join_token: { id: found.tokenId, key, verdict: null },
      polling_token: null,
    });
  }

  /** Without its file the host waits for its code, which is as safe; believing the first answer instead would not be. */
  #missJoinFile(path: string, trust: TrustMode): void {
    if (trust === 'tofu') {
      throw new PatchError(
        'JOIN_STRING_INVALID',
        `enrollment.join_file ${path} does not exist, and with enrollment.trust: tofu whoever answers first would be believed. Nothing was sent. ` +
          'Put the join string there, or remove one of the two settings.',
      );
    }
    if (this.#missedJoinFile) return;
    this.#missedJoinFile = true;
    this.#context.logger.warn(
      `enrollment.join_file ${path} does not exist; this host asks without a join token and waits for an administrator. The file is taken up when it comes.`,
      {},
    );
  }

  async #findTrust(): Promise<Trust> {
    const { files, managerUrl, caFile, caFingerprint, trust, proxyFor, signal } = this.#context;
    const found = await establishTrust({
      files,
      way: { managerUrl, proxyFor, signal },
      caFile,
      caFingerprint,
      join: this.#join,
      mode: trust,
      warn: (message) => this.#context.logger.warn(message, {}),
    });
    const { kind: by, issuer } = found;
    await this.#record.note({ trust: { by, issuer: issuer ?? null } });
    this.#context.logger.info('Trust in the manager', { by, issuer });
    this.#context.audit('enrollment_trust_found', {
      by,
      issuer,
      join_token: this.#join?.tokenId,
      manager: managerUrl.href,
    });
    if (found.kind === 'tofu')
      this.#context.logger.warn('enrollment.trust is tofu: whoever answers first is believed', {});
    return found;
  }

  /** Installs a proven bundle, as often as this host's disk makes it necessary. */
  async #finish(parts: StepParts, finishing: Finishing | WaitStep): Promise<NextStep> {
    if ('kind' in finishing) return finishing;
    for (;;) {
      const step = await installStep(parts, finishing);
      if (step.kind === 'end') return step;
      const outcome = await this.#wait(step);
      if (outcome) return { kind: 'end', outcome };
    }
  }

  async #troubleOf(error: unknown): Promise<NextStep> {
    if (!(error instanceof ManagerFailure)) {
      if (this.#context.signal.aborted) throw error;
      if (isPatchError(error)) return this.#personStep(error.message);
      if (!isLocalFault(error)) throw error;
      const message = `The enrolment could not be written down: ${messageOf(error)}.`;
      if (this.#context.mode === 'once') return { kind: 'end', outcome: { kind: 'failed', message } };
      const failures = this.#setbacks.count('local');
      return { kind: 'wait', reason: { kind: 'transient', failures }, error: message, state: 'retrying' };
    }
    if (error.isAboutDates) await this.#askTheTime();
    return this.#failureStep(error);
  }

  /** What no answer of a manager means for waiting. */
  #failureStep(error: ManagerFailure): NextStep {
    if (error.kind === 'stopped') return { kind: 'end', outcome: { kind: 'stopped' } };
    if (error.kind === 'security' && this.#context.mode === 'once') return this.#personStep(error.message);
    const failures = this.#setbacks.count('request');
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
    const { managerUrl, proxyFor, signal, clockWatch } = this.#context;
    if (!this.#trust || !('anchors' in this.#trust) || !clockWatch) return;
    const { anchors } = this.#trust;
    const dateMs = await findManagerTimeMs({ managerUrl, proxyFor, signal }, anchors).catch(() => undefined);
    if (dateMs !== undefined) clockWatch.heard(dateMs);
  }

  #wordsOf({ kind, message, isAboutDates }: ManagerFailure): string {
    const clock = this.#context.clockWatch?.verdict;
    if (isAboutDates && clock?.state === 'bad') return `${message} ${clock.message}`;
    if (kind !== 'throttled' || !this.#pacing.pace.crowded) return message;
    return (
      `${message} Too many hosts wait for approval behind this address; each is asked for in turn. Approve or deny some of ` +
      'them, or raise the limit of the manager.'
    );
  }

  #personStep(message: string): NextStep {
    return needsPerson({ context: this.#context, setbacks: this.#setbacks }, message);
  }

  /** Waits as the step says, or gives up; undefined means: go on. */
  async #follow(step: WaitStep): Promise<EnrollOutcome | undefined> {
    const { clock, signal, maxPollAttempts } = this.#context;
    if (signal.aborted) return { kind: 'stopped' };
    const waitedMs = clock.monotonicMs() - this.#startedMs;
    if (this.#record.pending.polls >= maxPollAttempts || waitedMs > WAIT_LIMIT_MS) {
      await this.#record.note({ polls: 0 });
      return { kind: 'gave_up', message: 'nobody approved this host in time' };
    }
    return this.#wait(step);
  }

  async #wait(step: WaitStep): Promise<EnrollOutcome | undefined> {
    const { clock, random, logger, clockWatch } = this.#context;
    const delayMs = waitTimeMs(step.reason, random.fraction());
    if (step.error !== undefined) {
      logger.warn(step.error, { next_attempt_seconds: Math.round(delayMs / 1000) });
      await this.#record.note({
        last_error: step.error,
        // No date is written down by a clock that is known to be wrong.
        next_attempt_at:
          clockWatch?.verdict.state === 'bad' ? null : new Date(clock.now() + delayMs).toISOString(),
        ...(step.state ? { state: step.state } : {}),
      });
    }
    return this.#pause(delayMs);
  }

  /** Sleeps; a clock that is moved ends it, because dates were perhaps all that was wrong. */
  async #pause(delayMs: number): Promise<EnrollOutcome | undefined> {
    const { clock, clockWatch, signal } = this.#context;
    const over = new AbortController();
    const either = AbortSignal.any([signal, over.signal]);
    const moved = clockWatch ? [clockWatch.moved(either)] : [];
    await Promise.race([clock.sleep(delayMs, either).catch(() => {}), ...moved]);
    over.abort();
    return signal.aborted ? { kind: 'stopped' } : undefined;
  }
}
