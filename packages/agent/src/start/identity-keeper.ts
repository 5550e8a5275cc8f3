import { messageOf } from '@linux-patch/contract';
import { type IdentityStatus, isRenewalDue } from '@linux-patch/pki';
import { type IdentityMeta, readIdentityMeta } from '../certificates/identity-meta.ts';
import { type Material, readMaterial } from '../certificates/material.ts';
import { renewIdentity } from '../enrollment/renew.ts';
import { nextDelayMs } from '../enrollment/schedule.ts';
import { readRevocations } from '../http/revocation.ts';
import type { IdentityHealth } from '../http/routes/health.ts';
import { authoritiesOf } from '../http/tls-material.ts';
import type { AgentContext } from './agent-context.ts';
import { identityStatus } from './enrolling.ts';

/** The identity in use: what it is, how it fares, and its renewal. */
export interface IdentityKeeper {
  readonly material: Material;
  readonly meta: IdentityMeta;
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
  let held = await read(context);
  let renewalError: string | undefined;
  const revocations = () =>
    readRevocations(held.material.crlPem, authoritiesOf(held.material), context.clock.now());
  const facts = () => ('facts' in held.status ? held.status.facts : undefined);

  const isDue = (): boolean => {
    const known = facts();
    if (!known) return false;
    const thresholdDays = context.config.enrollment.cert_renewal_threshold_days;
    return isRenewalDue({ ...known, draw: held.meta.renewal_draw, thresholdDays }, context.clock.now());
  };

  const renew = async (managerUrl: string, signal: AbortSignal): Promise<boolean> => {
    const { files, clock, random, certificates, logger } = context;
    const outcome = await renewIdentity({
      files,
      clock,
      random,
      audit: (event, fields = {}) => context.audit.record(event, fields),
      paths: certificates,
      managerUrl: new URL(managerUrl),
      signal,
    });
    if (outcome.kind === 'renewed') {
      logger.info('Certificate renewed', {
        serial: outcome.serialHex,
        until: new Date(outcome.notAfterMs).toISOString(),
      });
      return true;
    }
    throw new Error(
      `the manager does not renew this certificate (${outcome.message}); enrol again with --renew-certs`,
    );
  };

  return {
    get material() {
      return held.material;
    },
    get meta() {
      return held.meta;
    },
    get revoked() {
      return revocations().serials;
    },
    health: (config) => ({
      config,
      certificates: renewalError === undefined ? healthOf(held) : `renewal fails: ${renewalError}`,
      certificateNotAfterMs: facts()?.notAfterMs ?? null,
      crl: revocations(),
      identityTrust: held.meta.trust,
      keyOrigin: held.meta.key_origin,
    }),
    async reload() {
      held = await read(context);
    },
    async keepFresh(signal, changed) {
      let failures = 0;
      const url = (): string | undefined =>
        context.config.enrollment.manager_url ?? held.meta.manager_url ?? undefined;
      while (!signal.aborted) {
        let pauseMs = CHECK_INTERVAL_MS;
        const managerUrl = url();
        if (managerUrl !== undefined && isDue()) {
          try {
            await renew(managerUrl, signal);
            held = await read(context);
            renewalError = undefined;
            failures = 0;
            changed();
            continue;
          } catch (error) {
            if (signal.aborted) return;
            renewalError = messageOf(error);
            pauseMs = Math.max(
              60_000,
              nextDelayMs({ kind: 'transient', failures: failures + 6 }, context.random.fraction()),
            );
            failures += 1;
            context.logger.warn('The certificate could not be renewed; trying again', {
              error,
              next_attempt_seconds: Math.round(pauseMs / 1000),
            });
            context.audit.record('identity_renewal_failed', { reason: renewalError });
          }
        }
        await context.clock.sleep(pauseMs, signal).catch(() => {});
        held = { ...held, status: await identityStatus(context).catch(() => held.status) };
      }
    },
  };
}

function healthOf(held: Held): string {
  if (held.meta.trust === 'tofu') return 'the manager was believed without proof (enrollment.trust: tofu)';
  return held.status.status === 'valid' ? 'ok' : held.status.message;
}
