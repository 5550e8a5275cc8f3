import { messageOf, type TrustBundle, type TrustState } from '@linux-patch/contract';
import type { AgentContext } from '../app/agent-context.ts';
import { type IdentityHealth, identityHealth } from '../health/identity.ts';
import { type AddressWatch, createAddressWatch } from '../host/own-address.ts';
import { ManagerFailure } from '../manager-link/failure.ts';
import { createIdentityEvents, type IdentityEvents } from './events.ts';
import { factsOf } from './identity.ts';
import { changeTrust, createTrustPull } from './issuers/change-trust.ts';
import { createIssuerWatch } from './issuers/issuer-watch.ts';
import { trustStateOf } from './issuers/trust-change.ts';
import { createReEnrolment, type ReEnrolment } from './re-enrolment.ts';
import type { RenewalWatch } from './renewal/alarm.ts';
import { tryToRekey } from './renewal/rekey.ts';
import { type Renewal, renewWith } from './renewal/renew-with.ts';
import { type IdentityInUse, type IdentityUser, openIdentityInUse } from './replacement.ts';
import { openListStore, type TakenList } from './revocation/list.ts';
import { refreshList } from './revocation/refresh-list.ts';
import { openRevocations, type Revocations, revokedMessage } from './revocation/revocations.ts';
import type { IdentityMeta } from './store/identity-meta.ts';
import type { Material } from './store/material.ts';
import { nextKey } from './store/next-key.ts';
import { createIdentityInspector } from './warnings.ts';

/** The identity in use: what it is, how it fares, and its renewal. */
export interface IdentityKeeper {
  readonly material: Material;
  readonly meta: IdentityMeta;
  /** Serial number of the certificate in use. */
  readonly serialHex: string | undefined;
  /** Serial numbers that the revocation list names. */
  readonly revoked: ReadonlySet<string>;
  health(configHealth: string): IdentityHealth;
  /** From now on every change is handed to this user, and only kept when it can serve with it. */
  attach(user: IdentityUser): void;
  /**
   * Puts a revocation list in force that the manager pushed.
   * @throws PatchError `CRL_REFUSED`
   */
  takeCrl(pem: string): Promise<TakenList>;
  /** Judges what is on disk now and takes it up, or says why not. Never rejects. */
  reload(): Promise<void>;
  /**
   * Takes the CAs that the manager sends, when one that is trusted vouches for them.
   * @throws PatchError `TRUST_REFUSED`; nothing changed then.
   */
  setTrust(bundle: TrustBundle): Promise<TrustState>;
  /** Renews when it is time, and takes up what others put on disk, until the signal aborts. */
  keepFresh(signal: AbortSignal): Promise<void>;
}

/** How often the loop runs. */
const BEAT_MS = 20_000;
/** How often the manager is asked for lists and CAs, and the dates of the certificate are looked at. */
const CALENDAR_MS = 3_600_000;
/** Shortest pause after a failure to leave an old CA, which many hosts do at once. */
const ISSUER_PAUSE_MS = 5 * 60_000;

/** Another machine holds the certificate in use as well. */
class ForkedError extends Error {
  override readonly name = 'ForkedError';
}

/** Takes up the identity on disk, which must be there. */
export async function openIdentityKeeper(context: AgentContext): Promise<IdentityKeeper> {
  const events = createIdentityEvents(context.audit);
  const revocations = openRevocations({
    store: openListStore(context.files, context.certificates),
    clock: context.clock,
    logger: context.logger,
    events,
  });
  return new KeptIdentity(context, {
    events,
    revocations,
    inUse: await openIdentityInUse(context, revocations),
  });
}

class KeptIdentity implements IdentityKeeper {
  readonly #context: AgentContext;
  readonly #events: IdentityEvents;
  readonly #revocations: Revocations;
  readonly #inUse: IdentityInUse;
  /** Judges what is on disk by every check, and says once what it finds. */
  readonly #inspect: () => Promise<unknown>;
  readonly #joining: ReEnrolment;
  readonly #pull: ReturnType<typeof createTrustPull>;
  readonly #issuers = createIssuerWatch();
  readonly #address: AddressWatch;
  /** Serial number of the certificate whose successor has a key. */
  #nextKeyFor: string | undefined;
  #calendarMs = Number.NEGATIVE_INFINITY;
  /** Ends when the last change of the identity or the files below it has ended; two at once would undo each other. */
  #tail: Promise<unknown> = Promise.resolve();
  /** Ends the pause of the loop. */
  #nap = new AbortController();

  constructor(
    context: AgentContext,
    parts: {
      readonly events: IdentityEvents;
      readonly revocations: Revocations;
      readonly inUse: IdentityInUse;
    },
  ) {
    this.#context = context;
    this.#events = parts.events;
    this.#revocations = parts.revocations;
    this.#inUse = parts.inUse;
    this.#inspect = createIdentityInspector(context);
    this.#joining = createReEnrolment(context);
    this.#pull = createTrustPull(context);
    this.#address = createAddressWatch(context);
  }

  get material(): Material {
    return this.#inUse.held.material;
  }

  get meta(): IdentityMeta {
    return this.#inUse.held.meta;
  }

  get serialHex(): string | undefined {
    return this.#inUse.serialHex;
  }

  get revoked(): ReadonlySet<string> {
    return this.#revocations.state.serials;
  }

  get #renewal(): RenewalWatch {
    return this.#inUse.renewal;
  }

  get #managerUrl(): string | undefined {
    return this.#context.config.enrollment.manager_url ?? this.meta.manager_url ?? undefined;
  }

  attach(user: IdentityUser): void {
    this.#inUse.attach(user);
  }

  health(config: string): IdentityHealth {
    return identityHealth({
      config,
      held: this.#inUse.held,
      refused: this.#inUse.refused,
      crl: this.#revocations.state,
      revokedFor: this.#revocations.reasonOf(this.serialHex),
      renewal: this.#renewal.health(this.#managerUrl),
      keeperAgeMs: this.#context.liveness.ageMs,
    });
  }

  reload(): Promise<void> {
    return this.#alone(() => this.#inUse.takeWhatIsOnDisk());
  }

  async takeCrl(pem: string): Promise<TakenList> {
    try {
      const taken = await this.#alone(() => this.#revocations.take(pem));
      if (taken.changed) this.#events.crlRefreshed(this.#revocations.state, 'pushed');
      this.#nap.abort();
      return taken;
    } catch (error) {
      this.#events.crlRefused(error);
      throw error;
    }
  }

  setTrust(bundle: TrustBundle): Promise<TrustState> {
    return this.#alone(() => this.#takeTrust(bundle, 'manager'));
  }

  async keepFresh(signal: AbortSignal): Promise<void> {
    const { clock, liveness } = this.#context;
    try {
      while (!signal.aborted) {
        liveness.beat();
        await this.#alone(() => this.#turn(signal));
        this.#nap = new AbortController();
        await clock.sleep(BEAT_MS, AbortSignal.any([signal, this.#nap.signal])).catch(() => {});
      }
      await this.#joining.settled();
    } finally {
      liveness.stop();
    }
  }

  #alone<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#tail.then(work);
    this.#tail = result.catch(() => undefined);
    return result;
  }

  async #turn(signal: AbortSignal): Promise<void> {
    const managerUrl = this.#managerUrl;
    await this.#inUse.followDisk();
    if (managerUrl !== undefined) await this.#makeNextKey();
    this.#seeRevocations();
    const revoked = this.#joinAgainIfRevoked(managerUrl);
    await this.#followCalendar(managerUrl, signal);
    await this.#address.look(this.meta, managerUrl);
    const facts = factsOf(this.#inUse.held);
    if (managerUrl !== undefined && facts && !revoked && !signal.aborted && this.#isDue()) {
      this.#events.renewalDue(facts);
      await this.#renew(managerUrl, signal);
    }
    this.#renewal.watch(managerUrl, this.#events);
  }

  #isDue(): boolean {
    const { clock, clockWatch } = this.#context;
    // By a wrong clock anything may look overdue.
    if (clockWatch.verdict.state === 'bad') return false;
    const now = clock.now();
    const early = this.#isFromOldIssuer() || this.#address.moved !== undefined;
    return this.#renewal.isDue(now) || (early && this.#renewal.mayTry(now));
  }

  #isFromOldIssuer(): boolean {
    return this.#issuers.isFromOldIssuer(this.material);
  }

  /** What is looked at once an hour. */
  async #followCalendar(managerUrl: string | undefined, signal: AbortSignal): Promise<void> {
    const now = this.#context.clock.now();
    if (Math.abs(now - this.#calendarMs) < CALENDAR_MS) return;
    this.#calendarMs = now;
    await this.#inspect().catch(() => {});
    this.#inUse.judgeAgain();
    if (managerUrl === undefined) return;
    const bundle = await this.#pull(this.#inUse.held, managerUrl, signal);
    if (bundle) await this.#takeTrust(bundle, 'pull').catch(() => {});
    const use = { lists: this.#revocations, events: this.#events };
    if (await refreshList(this.#context, use, managerUrl, signal)) this.#inUse.offerAgain();
    if (!signal.aborted) await this.#rekey(managerUrl);
  }

  /** Says what is wrong with the revocation list, once for each fault. */
  #seeRevocations(): void {
    const { state } = this.#revocations;
    if (this.#events.crlSeen(state)) this.#context.logger.error(state.message, { crl_status: state.status });
  }

  /**
   * An authentic list that names our own certificate is the one remote word that ends an identity. The old certificate
   * is served until there is another one: nobody is helped by an agent that cannot be seen.
   */
  #joinAgainIfRevoked(managerUrl: string | undefined): boolean {
    const { serialHex } = this;
    const reason = this.#revocations.reasonOf(serialHex);
    if (serialHex === undefined || reason === undefined) return false;
    if (this.#events.ownRevoked(serialHex, reason))
      this.#context.logger.error(revokedMessage(serialHex, reason), { serial: serialHex, reason });
    if (managerUrl !== undefined) this.#joining.begin({ managerUrl, why: 'revoked' }, () => this.reload());
    return true;
  }

  /** Replaces the CAs, and renews at once when hosts get their certificates from another CA now. */
  async #takeTrust(bundle: TrustBundle, by: 'manager' | 'pull'): Promise<TrustState> {
    if (await changeTrust(this.#context, bundle, by)) await this.#inUse.takeNewTrust();
    this.#issuers.told(bundle);
    const renews = this.#isFromOldIssuer();
    if (renews) this.#nap.abort();
    return trustStateOf(this.#inUse.held, renews);
  }

  /** Tries once; a failure is kept for health and tried again later. */
  async #renew(managerUrl: string, signal: AbortSignal): Promise<void> {
    const { logger, audit } = this.#context;
    try {
      const { serialHex, notAfterMs } = await this.#inUse.replaceBy(() => this.#askForRenewal(managerUrl));
      this.#issuers.forget();
      const until = new Date(notAfterMs).toISOString();
      logger.info('Certificate renewed', { serial: serialHex, until });
    } catch (error) {
      if (signal.aborted) return;
      const forked = error instanceof ForkedError;
      await this.#renewal.fail(messageOf(error), this.#pauseAfter(error), forked);
      if (forked) this.#sayForked(error);
      else audit.record('identity_renewal_failed', { reason: messageOf(error) });
      logger.warn('The certificate could not be renewed; it is tried again', {
        error,
        next_attempt: this.#renewal.nextAttempt,
      });
    }
  }

  /** @throws when the manager refuses; the way out of that is begun. */
  async #askForRenewal(managerUrl: string): Promise<Renewal> {
    const outcome = await renewWith(this.#context, managerUrl, this.material, this.#address.moved);
    if (outcome.kind === 'renewed') return outcome;
    this.#joinAnew();
    if (outcome.forked) throw new ForkedError(outcome.message);
    throw new Error(`the manager does not renew this certificate (${outcome.message})`);
  }

  #sayForked(error: ForkedError): void {
    const { serialHex } = this;
    if (serialHex === undefined || !this.#events.forked(serialHex, error.message)) return;
    this.#context.logger.error(`Two machines hold this identity: ${error.message}`, { serial: serialHex });
  }

  /** A key for the next certificate, so that a machine that is set back to any later moment asks for the same one. */
  async #makeNextKey(): Promise<void> {
    const { files, certificates, logger } = this.#context;
    const { serialHex } = this;
    if (serialHex === undefined || this.#nextKeyFor === serialHex) return;
    this.#nextKeyFor = serialHex;
    await nextKey(files, certificates, serialHex).catch((error: unknown) =>
      logger.warn('The key of the next certificate could not be kept; it is made when it is needed', {
        error,
      }),
    );
  }

  /** A key that the manager made is replaced as soon as it lets this host make its own. */
  async #rekey(managerUrl: string): Promise<void> {
    const { logger } = this.#context;
    try {
      const renewal = await this.#inUse.replaceBy(() =>
        tryToRekey(this.#context, this.#inUse.held, managerUrl),
      );
      if (renewal === undefined) return;
      logger.info('The key that the manager made was replaced by one of this host', {
        serial: renewal.serialHex,
      });
    } catch (error) {
      logger.warn('The key that the manager made could not be replaced; it is tried again', { error });
    }
  }

  /** What the manager asks for, and a random pause where many hosts try at the same time. */
  #pauseAfter(error: unknown): number {
    const asked = error instanceof ManagerFailure ? (error.retryAfterMs ?? 0) : 0;
    const spread = this.#isFromOldIssuer() ? ISSUER_PAUSE_MS * (1 + this.#context.random.fraction()) : 0;
    return Math.max(asked, spread);
  }

  /** The way out when the manager is of the older generation, or does not take this certificate any more. */
  #joinAnew(): void {
    const managerUrl = this.#context.config.enrollment.manager_url;
    if (managerUrl !== undefined)
      this.#joining.begin({ managerUrl, why: 'not_renewed' }, () => this.reload());
  }
}
