import { dirname } from 'node:path';
import { messageOf, PatchError } from '@linux-patch/contract';
import { stretchHostCode } from '@linux-patch/pki';
import type { HostIdentity } from '../../host/host-identity.ts';
import { saysTheSame } from './fits-pending.ts';
import { beginPending, type OpenedEnrollment, openPending, type PendingOptions } from './open-pending.ts';
import { type PendingEnrollment, removePending, writePending } from './pending.ts';

/**
 * The enrolment under way, in memory and on disk. Failing to write it down is reported but ends nothing: the worst a
 * lost note costs is that the next start asks once more.
 */
export class CurrentEnrollment {
  readonly #options: PendingOptions;
  #pending: PendingEnrollment;
  #keyPem: string;
  #isSaved = true;
  #codeKey: { readonly nonceA: string; readonly key: Promise<Uint8Array> } | undefined;

  static async open(options: PendingOptions): Promise<CurrentEnrollment> {
    return new CurrentEnrollment(options, await openPending(options));
  }

  private constructor(options: PendingOptions, opened: OpenedEnrollment) {
    this.#options = options;
    this.#pending = opened.pending;
    this.#keyPem = opened.keyPem;
  }

  get pending(): PendingEnrollment {
    return this.#pending;
  }

  get keyPem(): string {
    return this.#keyPem;
  }

  /** The polling token; undefined until the manager has taken the request. */
  get token(): string | undefined {
    return this.#pending.polling_token ?? undefined;
  }

  /** What both sides derive from the host code. That takes a tenth of a second, so it is done once for each request. */
  codeKey(): Promise<Uint8Array> {
    const { host_code: code, nonce_a: nonceA } = this.#pending;
    if (this.#codeKey?.nonceA !== nonceA) this.#codeKey = { nonceA, key: stretchHostCode(code, nonceA) };
    return this.#codeKey.key;
  }

  /** The file with the state, for messages. */
  get stateFile(): string {
    return this.#options.places.stateFile;
  }

  /** Begins another request while nobody has taken this one, when the host is called or reached otherwise by now. */
  async lookAtHostAgain(): Promise<void> {
    const identity = await this.#options.applicant.identity();
    if (!saysTheSame(this.#pending, identity)) await this.#beginAnew(identity);
  }

  async #beginAnew(identity: HostIdentity): Promise<void> {
    const begun = await beginPending(this.#options, identity);
    // The join token is this host's whatever it is called; the next note writes it down.
    const token = this.#pending.join_token;
    this.#pending = { ...begun.pending, join_token: token && { ...token, verdict: null } };
    this.#keyPem = begun.keyPem;
  }

  /** Changes the state on disk and tells whoever watches. */
  async note(change: Partial<PendingEnrollment>): Promise<void> {
    const { report } = this.#options;
    this.#pending = { ...this.#pending, ...change };
    report.onProgress({
      state: this.#pending.state,
      managerUrl: this.#pending.manager_url,
      keyId: this.#pending.key_id,
      sinceMs: Date.parse(this.#pending.created_at),
      lastError: this.#pending.last_error ?? undefined,
      joinToken: this.#pending.join_token?.verdict ?? undefined,
    });
    this.#isSaved = false;
    try {
      await this.save();
    } catch (error) {
      const message = 'The state of the enrolment could not be saved; a restart may ask to join once more';
      report.logger.warn(message, { error });
    }
  }

  /** Writes down what could not be written when it was noted. @throws PatchError `PROVISION_FAILED` */
  async save(): Promise<void> {
    if (this.#isSaved) return;
    const { files, places } = this.#options;
    try {
      await files.makeFolder(dirname(places.stateFile), 0o700);
      await writePending(files, places, this.#pending);
    } catch (cause) {
      const message = `The state of the enrolment cannot be written to ${places.stateFile}: ${messageOf(cause)}.`;
      throw new PatchError('PROVISION_FAILED', message, { cause });
    }
    this.#isSaved = true;
  }

  /** Removes token, state and pending key. */
  async forget(): Promise<void> {
    const { files, places, report } = this.#options;
    this.#pending = { ...this.#pending, polling_token: null };
    await removePending(files, places).catch((error: unknown) =>
      report.logger.warn('The finished enrolment could not be removed', { error }),
    );
  }
}
