import { isPatchError, messageOf } from '@linux-patch/contract';
import type { Clock, Logger, Random, ServiceNotifier } from '@linux-patch/runtime';
import type { AuditLog } from '../../audit/audit-log.ts';
import { isLocalFault } from '../../host/local-fault.ts';
import { ManagerFailure } from '../../manager-link/failure.ts';
import { nextDelayMs, type WaitReason } from '../../manager-link/schedule.ts';
import type { Renewer } from './renew.ts';

/** How the attempt to renew an expired certificate ended. */
export type LateRenewal =
  | { readonly kind: 'renewed' }
  /** The manager, or who answers in its place, does not renew it: enrolment is the way. */
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'stopped' };

export interface LateRenewalOptions {
  readonly renew: Renewer;
  /** Whether the identity on disk can be used, because another process has got one meanwhile. */
  readonly isUsable: () => Promise<boolean>;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly audit: AuditLog;
  readonly notifier: ServiceNotifier;
  readonly signal: AbortSignal;
}

/**
 * Renews a certificate that expired while the host was switched off, so that nobody has to approve what was approved
 * before. Waits for a manager that cannot be reached, as enrolment does.
 */
export async function renewExpired(options: LateRenewalOptions, managerUrl: string): Promise<LateRenewal> {
  const { renew, clock, random, logger, audit, notifier, signal } = options;
  for (let failures = 0; ; failures += 1) {
    try {
      if (failures > 0 && (await options.isUsable())) return { kind: 'renewed' };
      const outcome = await renew({ managerUrl });
      if (outcome.kind === 'refused') return { kind: 'refused', reason: outcome.message };
      logger.info('The expired certificate was renewed', {
        serial: outcome.serialHex,
        until: new Date(outcome.notAfterMs).toISOString(),
      });
      return { kind: 'renewed' };
    } catch (error) {
      if (signal.aborted) return { kind: 'stopped' };
      const wait = waitFor(error, failures);
      if (!wait) {
        if (!isPatchError(error)) throw error;
        return { kind: 'refused', reason: messageOf(error) };
      }
      const delayMs = nextDelayMs(wait, random.fraction());
      audit.record('identity_renewal_failed', { reason: messageOf(error) });
      logger.warn('The expired certificate could not be renewed yet', {
        error,
        next_attempt_seconds: Math.round(delayMs / 1000),
      });
      void notifier.status(`Renewing the expired certificate with ${managerUrl}: ${messageOf(error)}`);
      const slept = await clock.sleep(delayMs, signal).then(
        () => true,
        () => false,
      );
      if (!slept) return { kind: 'stopped' };
    }
  }
}

/** What passes by itself is waited for; undefined means that waiting does not help. */
function waitFor(error: unknown, failures: number): WaitReason | undefined {
  if (isLocalFault(error) || isPatchError(error, 'INSTANCE_RUNNING')) return { kind: 'transient', failures };
  if (!(error instanceof ManagerFailure)) return undefined;
  if (error.retryAfterMs !== undefined || error.kind === 'throttled')
    return { kind: 'throttled', failures, retryAfterMs: error.retryAfterMs };
  return error.kind === 'transient' ? { kind: 'transient', failures } : undefined;
}
