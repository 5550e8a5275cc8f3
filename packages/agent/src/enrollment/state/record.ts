import type { HostIdentity } from '../../host/host-identity.ts';
import type { EnrollContext } from '../settings.ts';
import { beginPending, openPending } from './open-pending.ts';
import { type PendingEnrollment, removePending, writePending } from './pending.ts';

/**
 * The enrolment under way, in memory and on disk. Failing to write it down is reported but ends nothing: the worst a
 * lost note costs is that the next start asks once more.
 */
export class EnrollmentRecord {
  readonly #context: EnrollContext;
  #pending: PendingEnrollment;
  #keyPem: string;

  static async open(context: EnrollContext): Promise<EnrollmentRecord> {
    return new EnrollmentRecord(context, await openPending(context));
  }

  private constructor(
    context: EnrollContext,
    opened: { readonly pending: PendingEnrollment; readonly keyPem: string },
  ) {
    this.#context = context;
    this.#pending = opened.pending;
    this.#keyPem = opened.keyPem;
  }

  get pending(): PendingEnrollment {
    return this.#pending;
  }

  get keyPem(): string {
    return this.#keyPem;
  }

  get token(): string | undefined {
    return this.#pending.polling_token ?? undefined;
  }

  /** A new request of a host that is called or reached otherwise than the saved one says. */
  async beginAnew(identity: HostIdentity): Promise<void> {
    const begun = await beginPending(this.#context, identity);
    // The join token is this host's whatever it is called; the next note writes it down.
    const token = this.#pending.join_token;
    this.#pending = { ...begun.pending, join_token: token && { ...token, verdict: null } };
    this.#keyPem = begun.keyPem;
  }

  /** Changes the state on disk and tells whoever watches. */
  async note(change: Partial<PendingEnrollment>): Promise<void> {
    this.#pending = { ...this.#pending, ...change };
    this.#context.onProgress({
      state: this.#pending.state,
      managerUrl: this.#pending.manager_url,
      keyId: this.#pending.key_id,
      sinceMs: Date.parse(this.#pending.created_at),
      lastError: this.#pending.last_error ?? undefined,
      joinToken: this.#pending.join_token?.verdict ?? undefined,
    });
    await this.#orWarn(
      'The state of the enrolment could not be saved; a restart may ask to join once more',
      () => writePending(this.#context.files, this.#context, this.#pending),
    );
  }

  /** Removes token, state and pending key. */
  async forget(): Promise<void> {
    this.#pending = { ...this.#pending, polling_token: null };
    await this.#orWarn('The finished enrolment could not be removed', () =>
      removePending(this.#context.files, this.#context),
    );
  }

  async #orWarn(message: string, work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#context.logger.warn(message, { error });
    }
  }
}
