import { messageOf, type TrustBundle, type TrustState } from '@linux-patch/contract';
import { type IdentityStatus, isRenewalDue } from '@linux-patch/pki';
import { type IdentityMeta, readIdentityMeta } from '../certificates/identity-meta.ts';
import { type Material, readMaterial } from '../certificates/material.ts';
import { openListStore, type TakenList } from '../certificates/revocation-list.ts';
import { ownIssuer, trustStateOf } from '../certificates/trust-change.ts';
import { refreshCrl } from '../enrollment/refresh-crl.ts';
import { renewIdentity } from '../enrollment/renew.ts';
import { nextDelayMs } from '../enrollment/schedule.ts';
import type { IdentityHealth } from '../http/routes/health.ts';
import type { AgentContext } from './agent-context.ts';
import { changeTrust, createTrustPull } from './change-trust.ts';
import { identityStatus } from './enrolling.ts';
import { createIdentityEvents, type IdentityEvents } from './identity-events.ts';
import { createIdentityInspector } from './identity-inspector.ts';
import { createReEnrolment, type ReEnrolment } from './re-enrolment.ts';
import { openRevocations, type Revocations, revokedMessage } from './revocations.ts';

/** The identity in use: what it is, how it fares, and its renewal. */
export interface IdentityKeeper {
  readonly material: Material;
  readonly meta: IdentityMeta;
  /** Serial number of the certificate in use. */
  readonly serialHex: string | undefined;
  /** Serial numbers that the revocation list names. */
  readonly revoked: ReadonlySet<string>;
  health(configHealth: string): IdentityHealth;
  /**
   * Puts a revocation list in force that the manager pushed.
   * @throws PatchError `CRL_REFUSED`
   */
  takeCrl(pem: string): Promise<TakenList>;
  /** Reads what is on disk again. @throws when it cannot be used; the old identity stays in use. */
  reload(): Promise<void>;
  /**
   * Takes the CAs that the manager sends, when one that is trusted vouches for them.
   * @throws PatchError `TRUST_REFUSED`; nothing changed then.
   */
  setTrust(bundle: TrustBundle): Promise<TrustState>;
  /** Renews when it is time, until the signal aborts; calls back after each change. */
  keepFresh(signal: AbortSignal, changed: () => void): Promise<void>;
}

/** How often the calendar is looked at; also what notices a clock that was put right. */
const CHECK_INTERVAL_MS = 3_600_000;
const SHORTEST_RETRY_MS = 60_000;

interface Held {
  readonly material: Material;
  readonly meta: IdentityMeta;
  readonly status: IdentityStatus;
}

async function read(context: AgentContext): Promise<Held> {
  return {
    material: await readMaterial(context.files, context.certificates),
    meta: await readIdentityMeta(context.files, context.certificates),
    status: await identityStatus(context),
  };
}

/** Takes up the identity on disk, which must be there. */
export async function openIdentityKeeper(context: AgentContext): Promise<IdentityKeeper> {
  return new RenewingIdentity(context, await read(context));
}

class RenewingIdentity implements IdentityKeeper {
  readonly #context: AgentContext;
  readonly #events: IdentityEvents;
  readonly #revocations: Revocations;
  readonly #inspect: () => Promise<IdentityStatus>;
  readonly #joining: ReEnrolment;
  #held: Held;
  #renewalError: string | undefined;
  #failures = 0;
  /** Ends the pause of the loop. */
  #nap = new AbortController();
  /** Keys of the CAs that issue to hosts now; undefined until the manager has said so. */
  #issuers: readonly string[] | undefined;
  #changed = (): void => {};
  /** Ends when the last change of the files below the identity has ended; two at once would undo each other. */
  #tail: Promise<unknown> = Promise.resolve();
  readonly #pull: ReturnType<typeof createTrustPull>;

  constructor(context: AgentContext, held: Held) {
    this.#context = context;
    this.#held = held;
    this.#events = createIdentityEvents(context.audit);
    this.#revocations = openRevocations({
      store: openListStore(context.files, context.certificates),
      clock: context.clock,
      logger: context.logger,
      events: this.#events,
    });
    this.#revocations.see(held.material);
    this.#inspect = createIdentityInspector(context);
    this.#joining = createReEnrolment(context);
    this.#pull = createTrustPull(context);
  }

  get material(): Material {
    return this.#held.material;
  }

  get meta(): IdentityMeta {
    return this.#held.meta;
  }

  get serialHex(): string | undefined {
    return this.#facts()?.serialHex;
  }

  get revoked(): ReadonlySet<string> {
    return this.#revocations.state.serials;
  }

  health(config: string): IdentityHealth {
    return {
      config,
      certificates: this.#certificateHealth(),
      certificateNotAfterMs: this.#facts()?.notAfterMs ?? null,
      crl: this.#revocations.state,
      identityTrust: this.#held.meta.trust,
      keyOrigin: this.#held.meta.key_origin,
    };
  }

  #certificateHealth(): string {
    const reason = this.#revocations.reasonOf(this.serialHex);
    if (reason !== undefined) return revokedMessage(this.serialHex ?? '', reason);
    return this.#renewalError === undefined ? healthOf(this.#held) : `renewal fails: ${this.#renewalError}`;
  }

  async reload(): Promise<void> {
    this.#held = await read(this.#context);
    this.#revocations.see(this.#held.material);
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

  async keepFresh(signal: AbortSignal, changed: () => void): Promise<void> {
    this.#changed = changed;
    await this.#inspect().catch(() => {});
    while (!signal.aborted) {
      const managerUrl =
        this.#context.config.enrollment.manager_url ?? this.#held.meta.manager_url ?? undefined;
      this.#seeRevocations();
      const revoked = this.#joinAgainIfRevoked(managerUrl, changed);
      if (managerUrl !== undefined) await this.#alone(() => this.#pullTrust(managerUrl, signal));
      const due = managerUrl !== undefined && !revoked && (this.#isDue() || this.#isFromOldIssuer());
      if (due && (await this.#alone(() => this.#renew(managerUrl, signal)))) {
        changed();
        continue;
      }
      if (managerUrl !== undefined && (await this.#alone(() => this.#refreshCrl(managerUrl, signal))))
        changed();
      if (signal.aborted) break;
      // Told so in the meantime.
      if (managerUrl !== undefined && !revoked && !due && this.#isFromOldIssuer()) continue;
      await this.#pause(due ? this.#retryPauseMs() : CHECK_INTERVAL_MS, signal);
      const status = await this.#inspect().catch(() => this.#held.status);
      this.#held = { ...this.#held, status };
    }
    await this.#joining.settled();
  }

  async #pause(ms: number, signal: AbortSignal): Promise<void> {
    this.#nap = new AbortController();
    await this.#context.clock.sleep(ms, AbortSignal.any([signal, this.#nap.signal])).catch(() => {});
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
  #joinAgainIfRevoked(managerUrl: string | undefined, changed: () => void): boolean {
    const { serialHex } = this;
    const reason = this.#revocations.reasonOf(serialHex);
    if (serialHex === undefined || reason === undefined) return false;
    if (this.#events.ownRevoked(serialHex, reason))
      this.#context.logger.error(revokedMessage(serialHex, reason), { serial: serialHex, reason });
    if (managerUrl === undefined) return true;
    this.#joining.begin(managerUrl, async () => {
      await this.reload();
      this.#renewalError = undefined;
      changed();
    });
    return true;
  }

  #alone<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#tail.then(work);
    this.#tail = result.catch(() => undefined);
    return result;
  }

  /** Replaces the CAs, and renews at once when hosts get their certificates from another CA now. */
  async #takeTrust(bundle: TrustBundle, by: 'manager' | 'pull'): Promise<TrustState> {
    if (await changeTrust(this.#context, bundle, by)) {
      await this.reload();
      this.#changed();
    }
    this.#issuers = bundle.issuers;
    const renews = this.#isFromOldIssuer();
    if (renews) this.#nap.abort();
    return trustStateOf(this.#held, renews);
  }

  async #pullTrust(managerUrl: string, signal: AbortSignal): Promise<void> {
    const bundle = await this.#pull(this.#held, managerUrl, signal);
    if (bundle) await this.#takeTrust(bundle, 'pull').catch(() => {});
  }

  #isFromOldIssuer(): boolean {
    const issuer = this.#issuers && ownIssuer(this.#held.material);
    return issuer !== undefined && this.#issuers?.includes(issuer.spkiSha256) === false;
  }

  #facts() {
    return 'facts' in this.#held.status ? this.#held.status.facts : undefined;
  }

  #isDue(): boolean {
    const facts = this.#facts();
    if (!facts) return false;
    const thresholdDays = this.#context.config.enrollment.cert_renewal_threshold_days;
    const due = isRenewalDue(
      { ...facts, draw: this.#held.meta.renewal_draw, thresholdDays },
      this.#context.clock.now(),
    );
    if (due) this.#events.renewalDue(facts);
    return due;
  }

  #retryPauseMs(): number {
    const reason = { kind: 'transient', failures: this.#failures + 6 } as const;
    return Math.max(SHORTEST_RETRY_MS, nextDelayMs(reason, this.#context.random.fraction()));
  }

  /** An outdated list still counts, so failing to refresh it is a warning and no more; health shows its age. */
  async #refreshCrl(managerUrl: string, signal: AbortSignal): Promise<boolean> {
    const { files, clock, certificates, logger, proxyFor } = this.#context;
    try {
      const options = {
        files,
        paths: certificates,
        lists: this.#revocations,
        managerUrl: new URL(managerUrl),
        proxyFor,
        now: clock.now(),
        signal,
      };
      if (!(await refreshCrl(options))) return false;
      this.#events.crlRefreshed(this.#revocations.state, 'fetched');
      return true;
    } catch (error) {
      if (signal.aborted) return false;
      this.#events.crlRefreshFailed(error);
      logger.warn('The revocation list could not be refreshed; the old one stays', { error });
      return false;
    }
  }

  /** Tries once; a failure is kept for health and tried again later. */
  async #renew(managerUrl: string, signal: AbortSignal): Promise<boolean> {
    const { files, clock, random, certificates, logger, audit } = this.#context;
    try {
      const outcome = await renewIdentity({
        files,
        clock,
        random,
        audit: (event, fields = {}) => audit.record(event, fields),
        paths: certificates,
        managerUrl: new URL(managerUrl),
        proxyFor: this.#context.proxyFor,
        signal,
      });
      if (outcome.kind === 'refused') {
        throw new Error(
          `the manager does not renew this certificate (${outcome.message}); run linux-patch-api --renew-certs`,
        );
      }
      logger.info('Certificate renewed', {
        serial: outcome.serialHex,
        until: new Date(outcome.notAfterMs).toISOString(),
      });
      await this.reload();
      this.#renewalError = undefined;
      this.#failures = 0;
      // The manager says anew what it wants; a certificate that is still from another CA is not renewed in a loop.
      this.#issuers = undefined;
      return true;
    } catch (error) {
      if (signal.aborted) return false;
      this.#failures += 1;
      this.#renewalError = messageOf(error);
      logger.warn('The certificate could not be renewed; trying again', { error });
      audit.record('identity_renewal_failed', { reason: this.#renewalError });
      return false;
    }
  }
}

function healthOf(held: Held): string {
  if (held.meta.trust === 'tofu') return 'the manager was believed without proof (enrollment.trust: tofu)';
  return held.status.status === 'valid' ? 'ok' : held.status.message;
}
