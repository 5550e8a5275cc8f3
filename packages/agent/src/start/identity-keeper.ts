import { messageOf } from '@linux-patch/contract';
import { type IdentityStatus, isRenewalDue } from '@linux-patch/pki';
import { type IdentityMeta, readIdentityMeta } from '../certificates/identity-meta.ts';
import { type Material, readMaterial } from '../certificates/material.ts';
import { refreshCrl } from '../enrollment/refresh-crl.ts';
import { renewIdentity } from '../enrollment/renew.ts';
import { nextDelayMs } from '../enrollment/schedule.ts';
import { readRevocations } from '../http/revocation.ts';
import type { IdentityHealth } from '../http/routes/health.ts';
import { authoritiesOf } from '../http/tls-material.ts';
import type { AgentContext } from './agent-context.ts';
import { identityStatus } from './enrolling.ts';
import { createIdentityEvents, type IdentityEvents } from './identity-events.ts';

/** The identity in use: what it is, how it fares, and its renewal. */
export interface IdentityKeeper {
  readonly material: Material;
  readonly meta: IdentityMeta;
  /** Serial number of the certificate in use. */
  readonly serialHex: string | undefined;
  /** Serial numbers that the revocation list names. */
  readonly revoked: ReadonlySet<string>;
  health(configHealth: string): IdentityHealth;
  /** Reads what is on disk again. @throws when it cannot be used; the old identity stays in use. */
  reload(): Promise<void>;
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
  #held: Held;
  #renewalError: string | undefined;
  #failures = 0;

  constructor(context: AgentContext, held: Held) {
    this.#context = context;
    this.#held = held;
    this.#events = createIdentityEvents(context.audit);
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
    return this.#revocations().serials;
  }

  health(config: string): IdentityHealth {
    return {
      config,
      certificates:
        this.#renewalError === undefined ? healthOf(this.#held) : `renewal fails: ${this.#renewalError}`,
      certificateNotAfterMs: this.#facts()?.notAfterMs ?? null,
      crl: this.#revocations(),
      identityTrust: this.#held.meta.trust,
      keyOrigin: this.#held.meta.key_origin,
    };
  }

  async reload(): Promise<void> {
    this.#held = await read(this.#context);
  }

  async keepFresh(signal: AbortSignal, changed: () => void): Promise<void> {
    const { clock } = this.#context;
    while (!signal.aborted) {
      const managerUrl =
        this.#context.config.enrollment.manager_url ?? this.#held.meta.manager_url ?? undefined;
      this.#events.crlSeen(this.#revocations());
      const due = managerUrl !== undefined && this.#isDue();
      if (due && (await this.#renew(managerUrl, signal))) {
        changed();
        continue;
      }
      if (managerUrl !== undefined && (await this.#refreshCrl(managerUrl, signal))) changed();
      if (signal.aborted) return;
      await clock.sleep(due ? this.#retryPauseMs() : CHECK_INTERVAL_MS, signal).catch(() => {});
      const status = await identityStatus(this.#context).catch(() => this.#held.status);
      this.#held = { ...this.#held, status };
    }
  }

  #facts() {
    return 'facts' in this.#held.status ? this.#held.status.facts : undefined;
  }

  #revocations() {
    const { material } = this.#held;
    return readRevocations(material.crlPem, authoritiesOf(material), this.#context.clock.now());
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
        managerUrl: new URL(managerUrl),
        proxyFor,
        now: clock.now(),
        signal,
      };
      if (!(await refreshCrl(options))) return false;
      this.#held = await read(this.#context);
      this.#events.crlRefreshed(this.#revocations());
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
      this.#held = await read(this.#context);
      this.#renewalError = undefined;
      this.#failures = 0;
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
