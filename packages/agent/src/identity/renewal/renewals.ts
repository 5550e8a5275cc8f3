import { isPatchError, messageOf, type TrustBundle } from '@linux-patch/contract';
import type { Logger, Random } from '@linux-patch/runtime';
import type { AuditLog } from '../../audit/audit-log.ts';
import type { AddressWatch } from '../../host/own-address.ts';
import { ManagerFailure } from '../../manager-link/failure.ts';
import type { CurrentIdentity } from '../current.ts';
import type { IdentityEvents } from '../events.ts';
import { ownIssuer } from '../issuers/trust-change.ts';
import type { IdentityReplacement } from '../replacement.ts';
import { nextKey } from '../store/next-key.ts';
import type { IdentityPlace } from '../store/read.ts';
import type { Renewer } from './renew.ts';
import type { RenewalTracker } from './tracker.ts';

export interface RenewalsOptions {
  readonly place: IdentityPlace;
  readonly current: CurrentIdentity;
  readonly replacement: IdentityReplacement;
  readonly tracker: RenewalTracker;
  readonly renew: Renewer;
  readonly address: AddressWatch;
  /** Whether the clock of this host is known to be wrong; by a wrong clock anything may look overdue. */
  readonly isClockWrong: () => boolean;
  readonly report: {
    readonly logger: Logger;
    readonly audit: AuditLog;
    readonly events: IdentityEvents;
    readonly random: Random;
  };
}

/** Shortest pause after a failure to leave an old CA, which many hosts do at once. */
const ISSUER_PAUSE_MS = 5 * 60_000;

/** The manager does not renew this certificate; another machine may hold it as well. */
class RefusedError extends Error {
  override readonly name = 'RefusedError';
  readonly forked: boolean;

  constructor(message: string, forked: boolean) {
    super(message);
    this.forked = forked;
  }
}

/** Renews the certificate in use: when it is time, when the host has moved, when its CA is to go. */
export class Renewals {
  readonly #options: RenewalsOptions;
  /** Keys of the CAs that issue to hosts now, as far as the manager has said so. */
  #issuers: readonly string[] | undefined;
  /** Serial number of the certificate whose successor has a key. */
  #nextKeyFor: string | undefined;

  constructor(options: RenewalsOptions) {
    this.#options = options;
  }

  get tracker(): RenewalTracker {
    return this.#options.tracker;
  }

  /** The manager says which CAs issue to hosts now. */
  told({ issuers }: TrustBundle): void {
    this.#issuers = issuers;
  }

  /** Hosts get their certificates from another CA now than this one came from. */
  isFromOldIssuer(): boolean {
    const issuer = this.#issuers && ownIssuer(this.#options.current.value.material);
    return issuer !== undefined && this.#issuers?.includes(issuer.spkiSha256) === false;
  }

  isDue(): boolean {
    const { tracker, isClockWrong } = this.#options;
    if (isClockWrong()) return false;
    return tracker.isDue() || (this.#isWantedEarly() && tracker.mayTry());
  }

  #isWantedEarly(): boolean {
    return this.isFromOldIssuer() || this.#options.address.moved !== undefined;
  }

  lookAtAddress(managerUrl: string | undefined): Promise<void> {
    return this.#options.address.look(this.#options.current.value.meta, managerUrl);
  }

  /** A key for the next certificate, so that a machine that is set back to any later moment asks for the same one. */
  async makeNextKey(): Promise<void> {
    const { place, current, report } = this.#options;
    const serial = current.value.facts?.serialHex;
    if (serial === undefined || this.#nextKeyFor === serial) return;
    this.#nextKeyFor = serial;
    await nextKey(place.files, place.paths, serial).catch((error: unknown) =>
      report.logger.warn('The key of the next certificate could not be kept; it is made when it is needed', {
        error,
      }),
    );
  }

  /** Tries once; a failure is kept for health and tried again later. */
  async renew(managerUrl: string, signal: AbortSignal): Promise<'renewed' | 'failed' | 'refused'> {
    const { replacement, report } = this.#options;
    try {
      const { serialHex, notAfterMs } = await replacement.replaceBy(() => this.#ask(managerUrl));
      // A certificate that is still from another CA is not renewed in a loop; the manager says again what it wants.
      this.#issuers = undefined;
      const until = new Date(notAfterMs).toISOString();
      report.logger.info('Certificate renewed', { serial: serialHex, until });
      return 'renewed';
    } catch (error) {
      if (!signal.aborted) await this.#failed(error);
      return error instanceof RefusedError ? 'refused' : 'failed';
    }
  }

  /**
   * Replaces a key that the manager made, as soon as it lets this host make its own. One of the older generation does not
   * know how; then nothing changes, and nothing has failed.
   */
  async rekey(managerUrl: string, signal: AbortSignal): Promise<void> {
    const { current, replacement, renew, isClockWrong, report } = this.#options;
    const identity = current.value;
    if (identity.meta.key_origin !== 'manager' || isClockWrong()) return;
    const ask = async () => {
      try {
        const outcome = await renew({ managerUrl, identity });
        if (outcome.kind === 'renewed') return outcome;
        report.logger.debug('The manager cannot replace the key that it made', { answer: outcome.message });
      } catch (error) {
        if (!isPatchError(error)) throw error;
        if (!signal.aborted) report.logger.debug('The key could not be replaced now', { error });
      }
      return undefined;
    };
    try {
      const serial = (await replacement.replaceBy(ask))?.serialHex;
      if (serial === undefined) return;
      report.logger.info('The key that the manager made was replaced by one of this host', { serial });
    } catch (error) {
      report.logger.warn('The key that the manager made could not be replaced; it is tried again', { error });
    }
  }

  /** @throws when the manager refuses */
  async #ask(managerUrl: string) {
    const { current, renew, address } = this.#options;
    const outcome = await renew({ managerUrl, identity: current.value, movedTo: address.moved });
    if (outcome.kind === 'renewed') return outcome;
    if (outcome.forked) throw new RefusedError(outcome.message, true);
    throw new RefusedError(`the manager does not renew this certificate (${outcome.message})`, false);
  }

  async #failed(error: unknown): Promise<void> {
    const { tracker, report } = this.#options;
    const forked = error instanceof RefusedError && error.forked;
    await tracker.fail(messageOf(error), this.#pauseAfter(error), forked);
    if (forked) this.#sayForked(error);
    else report.audit.record('identity_renewal_failed', { reason: messageOf(error) });
    report.logger.warn('The certificate could not be renewed; it is tried again', {
      error,
      next_attempt: tracker.nextAttempt(this.#isWantedEarly()),
    });
  }

  #sayForked({ message }: RefusedError): void {
    const { current, report } = this.#options;
    const serial = current.value.facts?.serialHex;
    if (serial === undefined || !report.events.forked(serial, message)) return;
    report.logger.error(`Two machines hold this identity: ${message}`, { serial });
  }

  /** What the manager asks for, and a random pause where many hosts try at the same time. */
  #pauseAfter(error: unknown): number {
    const asked = error instanceof ManagerFailure ? (error.retryAfterMs ?? 0) : 0;
    const spread = this.isFromOldIssuer()
      ? ISSUER_PAUSE_MS * (1 + this.#options.report.random.fraction())
      : 0;
    return Math.max(asked, spread);
  }
}
