import { type Bundle, messageOf, PatchError } from '@linux-patch/contract';
import {
  acknowledgementOf,
  type ManagerCalls,
  openManagerCalls,
  REQUEST_TIMEOUT_MS,
} from './manager-calls.ts';
import { ManagerFailure } from './manager-client.ts';
import { openPending } from './open-pending.ts';
import { type PendingEnrollment, removePending, writePending } from './pending.ts';
import { allowManager, installBundle, type ProvenBundle, proveBundle } from './provision.ts';
import { nextDelayMs, type WaitReason } from './schedule.ts';
import type { EnrollContext, EnrollOutcome } from './settings.ts';
import { acceptsForeignKey, establishTrust, type Trust } from './trust.ts';

/** Waiting longer than this is left to the next start, which resumes. */
const WAIT_LIMIT_MS = 24 * 3_600_000;

/** What the loop does next. */
type Step =
  | {
      readonly kind: 'wait';
      readonly reason: WaitReason;
      readonly error?: string;
      readonly state?: PendingEnrollment['state'];
    }
  | { readonly kind: 'approved'; readonly bundle: Bundle }
  | { readonly kind: 'end'; readonly outcome: EnrollOutcome };

/**
 * Enrols this host: asks to join, waits for a person, proves what it receives, installs it.
 *
 * Every remote trouble is waited out here; only an installed identity, a denial, a stop, a day without an answer,
 * or (for a command) a fault that a person must mend ends it. The state on disk lets the next call resume.
 */
export async function enroll(context: EnrollContext): Promise<EnrollOutcome> {
  try {
    return await new Enrollment(context).run();
  } catch (error) {
    if (context.signal.aborted) return { kind: 'stopped' };
    throw error;
  }
}

/** Removes what an enrolment leaves behind, for example after a crash between installing and cleaning up. */
export async function forgetEnrollment(
  context: Pick<EnrollContext, 'files' | 'stateFile' | 'keyFile' | 'clearToken'>,
): Promise<void> {
  await context.clearToken();
  await removePending(context.files, context);
}

class Enrollment {
  readonly #context: EnrollContext;
  readonly #startedMs: number;
  #pending!: PendingEnrollment;
  #keyPem = '';
  #token: string | undefined;
  #trust: Trust | undefined;
  #calls: ManagerCalls | undefined;
  #failures = 0;
  #withExtension = true;

  constructor(context: EnrollContext) {
    this.#context = context;
    this.#startedMs = context.clock.monotonicMs();
  }

  async run(): Promise<EnrollOutcome> {
    const opened = await openPending(this.#context);
    this.#pending = opened.pending;
    this.#keyPem = opened.keyPem;
    this.#token = opened.token;
    for (;;) {
      const step = await this.#attempt();
      if (this.#context.signal.aborted) return { kind: 'stopped' };
      const outcome = step.kind === 'approved' ? await this.#finish(step.bundle) : await this.#follow(step);
      if (outcome) return outcome;
    }
  }

  /** One request and what it means. */
  async #attempt(): Promise<Step> {
    try {
      this.#trust ??= await this.#findTrust();
      this.#calls ??= openManagerCalls(this.#context, {
        pending: () => this.#pending,
        keyPem: this.#keyPem,
        trust: this.#trust,
      });
      return this.#token === undefined
        ? await this.#register(this.#calls)
        : await this.#poll(this.#calls, this.#token);
    } catch (error) {
      return this.#troubleOf(error);
    }
  }

  async #findTrust(): Promise<Trust> {
    const { files, managerUrl, caFile, caFingerprint, trust, signal } = this.#context;
    const found = await establishTrust({
      files,
      managerUrl,
      caFile,
      caFingerprint,
      mode: trust,
      timeoutMs: REQUEST_TIMEOUT_MS,
      signal,
    });
    this.#context.logger.info('Trust in the manager', { by: found.kind });
    if (found.kind === 'tofu')
      this.#context.logger.warn('enrollment.trust is tofu: whoever answers first is believed', {});
    return found;
  }

  #troubleOf(error: unknown): Step {
    if (error instanceof ManagerFailure) {
      if (error.kind === 'stopped') return { kind: 'end', outcome: { kind: 'stopped' } };
      const failures = this.#failures++;
      const reason: WaitReason =
        error.kind === 'throttled'
          ? { kind: 'throttled', failures, retryAfterMs: error.retryAfterMs }
          : { kind: error.kind, failures };
      return { kind: 'wait', reason, error: error.message, state: 'retrying' };
    }
    if (!(error instanceof PatchError)) throw error;
    return this.#needsPerson(error.message);
  }

  /** Something only a person can mend: a command ends with it, a service says it and looks again now and then. */
  #needsPerson(message: string): Step {
    if (this.#context.mode === 'once') return { kind: 'end', outcome: { kind: 'failed', message } };
    return {
      kind: 'wait',
      reason: { kind: 'conflict', failures: this.#failures++ },
      error: message,
      state: 'needs_person',
    };
  }

  async #register(calls: ManagerCalls): Promise<Step> {
    await this.#note({ state: 'registering' });
    const answer = await calls.register({ withExtension: this.#withExtension });
    switch (answer.kind) {
      case 'accepted': {
        const ext = answer.accepted.ext;
        this.#failures = 0;
        // The token is on disk before it is used for the first time.
        await this.#context.saveToken(answer.accepted.polling_token);
        this.#token = answer.accepted.polling_token;
        await this.#note({
          state: 'waiting',
          generation: ext ? 'current' : 'older',
          request_id: ext?.request_id ?? null,
          nonce_m: ext?.nonce_m ?? null,
          last_error: null,
        });
        this.#context.audit('enrollment_requested', {
          key_id: this.#pending.key_id,
          manager: this.#pending.manager_url,
        });
        return { kind: 'wait', reason: { kind: 'held' } };
      }
      case 'conflict':
        return this.#conflict(answer.message);
      case 'denied':
        return this.#denied(answer.reason);
      case 'not_understood':
        return this.#withoutExtension(answer.message);
    }
  }

  #conflict(message: string): Step {
    const text =
      `The manager already knows this host or has a request from it (${message}). ` +
      'On the manager, look at the host and at the waiting requests of this machine and remove what is out of date; the agent keeps asking.';
    return {
      kind: 'wait',
      reason: { kind: 'conflict', failures: this.#failures++ },
      error: text,
      state: 'retrying',
    };
  }

  /** An older manager may stumble over the extension; only where its answer would be worth something is it left out. */
  #withoutExtension(message: string): Step {
    if (!this.#withExtension || !this.#trust || !acceptsForeignKey(this.#trust)) {
      return {
        kind: 'wait',
        reason: { kind: 'protocol', failures: this.#failures++ },
        error: `The manager refuses the request: ${message}.`,
        state: 'retrying',
      };
    }
    this.#withExtension = false;
    return {
      kind: 'wait',
      reason: { kind: 'transient', failures: 0 },
      error: `The manager does not understand the request (${message}); asking in the older way.`,
    };
  }

  async #poll(calls: ManagerCalls, token: string): Promise<Step> {
    if (this.#pending.generation === 'older' && this.#trust && !acceptsForeignKey(this.#trust))
      return this.#unprovenOlderManager();
    const answer = await calls.poll(token);
    this.#failures = 0;
    await this.#note({
      last_poll_at: new Date(this.#context.clock.now()).toISOString(),
      last_error: null,
      state: 'waiting',
    });
    switch (answer.kind) {
      case 'pending':
        await this.#note({ polls: this.#pending.polls + 1 });
        return {
          kind: 'wait',
          reason: answer.held
            ? { kind: 'held' }
            : { kind: 'pending', intervalMs: this.#context.pollingIntervalMs },
        };
      case 'clock_off':
        this.#context.logger.warn(
          "This host's clock differs from the manager's; going on with the manager's time",
          {},
        );
        return { kind: 'wait', reason: { kind: 'held' } };
      case 'approved':
        return { kind: 'approved', bundle: answer.bundle };
      case 'denied':
        return this.#denied(answer.reason);
      case 'unknown':
        return this.#unknownToken();
    }
  }

  /** Its answer can be read once and carries a private key, so it is not even fetched. */
  #unprovenOlderManager(): Step {
    return this.#needsPerson(
      'This manager is of the older generation: it makes the private key itself and cannot prove who it is by the host code. ' +
        'Set enrollment.ca_file or enrollment.ca_fingerprint (or enrollment.trust: tofu, which believes whoever answers) and start again. ' +
        'The request stays in its queue.',
    );
  }

  async #unknownToken(): Promise<Step> {
    this.#context.audit('enrollment_request_lost', { key_id: this.#pending.key_id });
    await this.#dropToken();
    await this.#note({ state: 'retrying', request_id: null, nonce_m: null, generation: null });
    const error =
      'The manager does not know this request any more (it expired, was removed, or the manager was restored); asking anew.';
    return { kind: 'wait', reason: { kind: 'unknown_token', failures: this.#failures++ }, error };
  }

  async #denied(reason: string | undefined): Promise<Step> {
    this.#context.audit('enrollment_denied', { key_id: this.#pending.key_id, reason });
    await forgetEnrollment(this.#context);
    return { kind: 'end', outcome: { kind: 'denied', reason } };
  }

  /** Waits as the step says, or ends; undefined means: go on. */
  async #follow(step: Exclude<Step, { kind: 'approved' }>): Promise<EnrollOutcome | undefined> {
    if (step.kind === 'end') return step.outcome;
    const { clock, random, signal, maxPollAttempts } = this.#context;
    if (this.#pending.polls >= maxPollAttempts || clock.monotonicMs() - this.#startedMs > WAIT_LIMIT_MS) {
      await this.#note({ polls: 0 });
      return { kind: 'gave_up', message: 'nobody approved this host in time' };
    }
    const delayMs = nextDelayMs(step.reason, random.fraction());
    if (step.error !== undefined) {
      this.#context.logger.warn(step.error, { next_attempt_seconds: Math.round(delayMs / 1000) });
      await this.#note({
        last_error: step.error,
        next_attempt_at: new Date(clock.now() + delayMs).toISOString(),
        ...(step.state ? { state: step.state } : {}),
      });
    }
    try {
      await clock.sleep(delayMs, signal);
    } catch {
      return { kind: 'stopped' };
    }
    return undefined;
  }

  /** Checks an approval and installs it; undefined means it was refused and the loop goes on. */
  async #finish(bundle: Bundle): Promise<EnrollOutcome | undefined> {
    let proven: ProvenBundle;
    try {
      const trust = this.#trust ?? (await this.#findTrust());
      proven = await proveBundle(this.#context, bundle, {
        pending: this.#pending,
        keyPem: this.#keyPem,
        trust,
        peers: this.#calls?.peers ?? [],
      });
    } catch (error) {
      if (!(error instanceof PatchError)) throw error;
      this.#context.audit('enrollment_bundle_refused', { code: error.code, reason: error.message });
      return this.#follow({
        kind: 'wait',
        reason: { kind: 'security', failures: this.#failures++ },
        error: error.message,
        state: 'needs_person',
      });
    }
    await this.#note({ state: 'installing' });
    return this.#install(proven);
  }

  async #install(proven: ProvenBundle): Promise<EnrollOutcome | undefined> {
    try {
      await installBundle(this.#context, proven, this.#pending.generation === 'older');
      await allowManager(this.#context);
      await this.#acknowledge(proven);
      await forgetEnrollment(this.#context);
      return { kind: 'installed' };
    } catch (error) {
      // A full disk or a read-only folder heals; the manager keeps the bundle until it is acknowledged.
      if (this.#context.mode === 'once') return { kind: 'failed', message: messageOf(error) };
      const outcome = await this.#follow({
        kind: 'wait',
        reason: { kind: 'local', failures: this.#failures++ },
        error: messageOf(error),
        state: 'installing',
      });
      return outcome ?? this.#install(proven);
    }
  }

  async #acknowledge(proven: ProvenBundle): Promise<void> {
    const ack = acknowledgementOf(proven.bundle, proven.serialHex);
    if (!ack || this.#token === undefined) return;
    try {
      await this.#calls?.acknowledge(this.#token, ack);
    } catch (error) {
      this.#context.logger.warn(
        'The manager could not be told that the certificates are installed; it will notice',
        { error },
      );
    }
  }

  async #dropToken(): Promise<void> {
    this.#token = undefined;
    await this.#context.clearToken();
  }

  /** Keeps the state on disk and tells whoever watches. Failing to keep it is no reason to stop. */
  async #note(change: Partial<PendingEnrollment>): Promise<void> {
    this.#pending = { ...this.#pending, ...change };
    this.#context.onProgress({
      state: this.#pending.state,
      managerUrl: this.#pending.manager_url,
      keyId: this.#pending.key_id,
      sinceMs: Date.parse(this.#pending.created_at),
      lastError: this.#pending.last_error ?? undefined,
    });
    await writePending(this.#context.files, this.#context, this.#pending).catch((error: unknown) => {
      this.#context.logger.warn('The enrolment state could not be saved', { error });
    });
  }
}
