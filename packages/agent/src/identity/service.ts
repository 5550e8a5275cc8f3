import { HOUR_MS, type TrustBundle, type TrustState } from '@linux-patch/contract';
import { type Clock, createSequence, type Logger } from '@linux-patch/runtime';
import type { CurrentIdentity } from './current.ts';
import type { IdentityEvents } from './events.ts';
import type { Identity } from './identity.ts';
import { trustStateOf } from './issuers/trust-change.ts';
import type { TrustSource } from './issuers/trust-source.ts';
import type { Liveness } from './liveness.ts';
import type { ReEnrolment } from './re-enrolment.ts';
import type { Renewals } from './renewal/renewals.ts';
import type { RenewalState } from './renewal/state.ts';
import type { IdentityReplacement } from './replacement.ts';
import { ownRevocation, revokedMessage, stateInForce } from './revocation/in-force.ts';
import type { TakenList } from './revocation/list.ts';
import { ListService } from './revocation/list-service.ts';
import type { ListSource } from './revocation/refresh.ts';
import type { RevocationState } from './revocation/state.ts';

/** The parts that keep the identity fresh; `app/` makes them. */
export interface IdentityServiceOptions {
  readonly current: CurrentIdentity;
  readonly replacement: IdentityReplacement;
  readonly renewals: Renewals;
  readonly lists: ListSource;
  readonly trust: TrustSource;
  readonly rejoining: ReEnrolment;
  readonly report: IdentityReport;
  /** The manager of the configuration; without it the one that the identity came from is asked. */
  readonly configuredManager: string | undefined;
}

/** Who is told what becomes of the identity, and by which clock. */
export interface IdentityReport {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly events: IdentityEvents;
  readonly liveness: Liveness;
  /** Judges what is on disk by every check, and says once what it finds. */
  readonly inspect: () => Promise<unknown>;
}

/** What there is to report about the identity in use. */
export interface IdentityState {
  readonly identity: Identity;
  /** Why the files on disk are not those in use. */
  readonly refused: string | undefined;
  readonly list: RevocationState;
  /** Why the manager revoked this certificate. */
  readonly revokedFor: string | undefined;
  readonly renewal: RenewalState | undefined;
  /** Undefined before the loop began and after it ended. */
  readonly loopAgeMs: number | undefined;
}

/** How often the loop runs. */
const BEAT_MS = 20_000;
/** How often the manager is asked for lists and CAs, and the dates of the certificate are looked at. */
const CALENDAR_MS = HOUR_MS;

/** Keeps the identity of a running agent fresh: its certificate, its revocation list, and the CAs that it trusts. */
export class IdentityService {
  readonly #options: IdentityServiceOptions;
  readonly #lists: ListService;
  #calendarMs = Number.NEGATIVE_INFINITY;
  /** Of the identity and the files below it; two at once would undo each other. */
  readonly #changes = createSequence();
  /** Ends the pause of the loop. */
  #nap = new AbortController();

  constructor(options: IdentityServiceOptions) {
    this.#options = options;
    this.#lists = new ListService(options.current, options.lists, options.report);
  }

  /** The identity in use, for those who serve with it or report about it. */
  get current(): CurrentIdentity {
    return this.#options.current;
  }

  get #serialHex(): string | undefined {
    return this.current.value.facts?.serialHex;
  }

  get #managerUrl(): string | undefined {
    return this.#options.configuredManager ?? this.current.value.meta.manager_url ?? undefined;
  }

  /** How it fares. */
  get state(): IdentityState {
    const { replacement, renewals, report } = this.#options;
    const identity = this.current.value;
    return {
      identity,
      refused: replacement.refused,
      list: stateInForce(identity.list, report.clock.now()),
      revokedFor: ownRevocation(identity),
      renewal: renewals.tracker.state(this.#managerUrl),
      loopAgeMs: report.liveness.ageMs,
    };
  }

  /** Judges what is on disk now and takes it up, or says why not. Never rejects. */
  reload(): Promise<void> {
    return this.#changes.run(() => this.#options.replacement.takeWhatIsOnDisk());
  }

  /**
   * Puts a revocation list in force that the manager pushed.
   * @throws PatchError `CRL_REFUSED`
   */
  async takeCrl(pem: string): Promise<TakenList> {
    try {
      const taken = await this.#changes.run(() => this.#lists.take(pem, 'pushed'));
      this.#nap.abort();
      return taken;
    } catch (error) {
      this.#options.report.events.crlRefused(error);
      throw error;
    }
  }

  /**
   * Takes the CAs that the manager sends, when one that is trusted vouches for them.
   * @throws PatchError `TRUST_REFUSED`; nothing changed then.
   */
  setTrust(bundle: TrustBundle): Promise<TrustState> {
    return this.#changes.run(() => this.#takeTrust(bundle, 'manager'));
  }

  /**
   * Renews when it is time, and takes up what others put on disk, until the signal aborts: a set that another process of this
   * host installs at once, and what is copied over it once it has settled.
   * @param afterMs when it looks first, unless it is told of something before
   */
  async keepFresh(signal: AbortSignal, afterMs = 0): Promise<void> {
    const { clock, liveness } = this.#options.report;
    using _told = this.#options.replacement.follow(() => this.#nap.abort());
    try {
      for (let restMs = afterMs; !signal.aborted; restMs = BEAT_MS) {
        liveness.beat();
        if (restMs > 0)
          await clock.sleep(restMs, AbortSignal.any([signal, this.#nap.signal])).catch(() => {});
        this.#nap = new AbortController();
        if (!signal.aborted) await this.#changes.run(() => this.#turn(signal));
      }
      await this.#options.rejoining.ended();
    } finally {
      liveness.stop();
    }
  }

  async #turn(signal: AbortSignal): Promise<void> {
    const { replacement, renewals, report } = this.#options;
    await replacement.followDisk();
    const managerUrl = this.#managerUrl;
    if (managerUrl !== undefined) await renewals.makeNextKey();
    this.#lists.reportOutdated();
    const revoked = this.#joinAgainIfRevoked(managerUrl);
    await this.#followCalendar(managerUrl, signal);
    await renewals.lookAtAddress(managerUrl);
    const { facts } = this.current.value;
    if (managerUrl !== undefined && facts && !revoked && !signal.aborted && renewals.isDue()) {
      report.events.renewalDue(facts);
      if ((await renewals.renew(managerUrl, signal)) === 'refused') this.#join('not_renewed');
    }
    await renewals.tracker.raiseAlarm(managerUrl);
  }

  /** What is looked at once an hour. */
  async #followCalendar(managerUrl: string | undefined, signal: AbortSignal): Promise<void> {
    const { replacement, renewals, trust, report } = this.#options;
    const now = report.clock.now();
    if (Math.abs(now - this.#calendarMs) < CALENDAR_MS) return;
    this.#calendarMs = now;
    await report.inspect().catch(() => {});
    await replacement.judgeAgain();
    if (managerUrl === undefined) return;
    const bundle = await trust.pull(this.current.value, managerUrl, signal);
    if (bundle) await this.#takeTrust(bundle, 'pull').catch(() => {});
    await this.#lists.refresh(managerUrl, signal);
    if (!signal.aborted) await renewals.rekey(managerUrl, signal);
  }

  /**
   * An authentic list that names our own certificate is the one remote word that ends an identity. The old certificate
   * is served until there is another one: nobody is helped by an agent that cannot be seen.
   */
  #joinAgainIfRevoked(managerUrl: string | undefined): boolean {
    const { events, logger } = this.#options.report;
    const serial = this.#serialHex;
    const reason = ownRevocation(this.current.value);
    if (serial === undefined || reason === undefined) return false;
    if (events.ownRevoked(serial, reason)) logger.error(revokedMessage(serial, reason), { serial, reason });
    this.#join('revoked', managerUrl);
    return true;
  }

  /**
   * Asks to join anew while it serves. A certificate that is only not renewed any more, by a manager of the older generation
   * for example, takes a manager of the configuration for that.
   */
  #join(why: 'revoked' | 'not_renewed', managerUrl = this.#options.configuredManager): void {
    if (managerUrl !== undefined) this.#options.rejoining.begin({ managerUrl, why }, () => this.reload());
  }

  /** Replaces the CAs, and renews at once when hosts get their certificates from another CA now. */
  async #takeTrust(bundle: TrustBundle, by: 'manager' | 'pull'): Promise<TrustState> {
    const { replacement, renewals, trust } = this.#options;
    if (await trust.change(bundle, by)) await replacement.takeInstalled();
    renewals.told(bundle);
    const renewing = renewals.isFromOldIssuer();
    if (renewing) this.#nap.abort();
    return trustStateOf(this.current.value, { renewing, lastError: renewals.tracker.lastError });
  }
}
