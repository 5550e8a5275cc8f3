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
  #token: string | undefined;

  static async open(context: EnrollContext): Promise<EnrollmentRecord> {
    return new EnrollmentRecord(context, await openPending(context));
  }

  private constructor(
    context: EnrollContext,
    opened: { pending: PendingEnrollment; keyPem: string; token: string | undefined },
  ) {
    this.#context = context;
    this.#pending = opened.pending;
    this.#keyPem = opened.keyPem;
    this.#token = opened.token;
  }

  get pending(): PendingEnrollment {
    return this.#pending;
  }

  get keyPem(): string {
    return this.#keyPem;
  }

  get token(): string | undefined {
    return this.#token;
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
    await this.#orWarn('The enrolment state could not be saved', () =>
      writePending(this.#context.files, this.#context, this.#pending),
    );
  }

  async keepToken(token: string): Promise<void> {
    this.#token = token;
    await this.#orWarn(
      'The polling token could not be saved in the configuration; a restart would ask to join once more',
      () => this.#context.saveToken(token),
    );
  }

  async dropToken(): Promise<void> {
    this.#token = undefined;
    await this.#orWarn('The polling token could not be removed from the configuration', () =>
      this.#context.clearToken(),
    );
  }

  /** Removes token, state and pending key. */
  async forget(): Promise<void> {
    await this.dropToken();
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
