import { HOUR_MS } from '@linux-patch/contract';
import type { Clock, Logger, Random } from '@linux-patch/runtime';
import type { AuditLog } from '../audit/audit-log.ts';
import { nextDelayMs } from '../manager-link/schedule.ts';
import type { AskTime } from './ask-time.ts';
import type { ClockWatch } from './watch.ts';

/** How often wall and monotonic clock are compared. */
export const COMPARE_INTERVAL_MS = 30_000;
/** How often the manager's time is asked for while nothing is wrong. */
const ASK_INTERVAL_MS = 6 * HOUR_MS;
/** Within this time after the start it is asked for first, so that hosts that start together ask apart. */
const FIRST_ASK_MS = 120_000;

/**
 * Watches the clock until the signal aborts: notices within half a minute that it was moved, asks the manager then, and
 * says once when the clock is wrong and once when it is right again.
 */
export async function keepClock(options: {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly audit: Pick<AuditLog, 'record'>;
  readonly clockWatch: ClockWatch;
  /** Undefined where no manager is set. */
  readonly askTime: AskTime | undefined;
  readonly signal: AbortSignal;
}): Promise<void> {
  const { clock, random, logger, audit, clockWatch, askTime, signal } = options;
  let said: string | undefined;
  let failures = 0;
  let askAtMs = clock.monotonicMs() + FIRST_ASK_MS * random.fraction();
  while (!signal.aborted) {
    if (clockWatch.compare()) {
      await clockWatch.look();
      askAtMs = clock.monotonicMs();
    }
    if (askTime && clock.monotonicMs() >= askAtMs) {
      const answer = await askTime(signal);
      failures = answer === 'known' ? 0 : failures + 1;
      const reason = { kind: 'transient', failures: failures + 4 } as const;
      askAtMs =
        clock.monotonicMs() + (answer === 'known' ? ASK_INTERVAL_MS : nextDelayMs(reason, random.fraction()));
    }
    const { state, message } = clockWatch.verdict;
    if (state === 'bad' && said === undefined) {
      logger.error(message, { clock: state });
      audit.record('clock_wrong', { reason: message });
      said = message;
    }
    if (state === 'ok' && said !== undefined) {
      logger.info("This host's clock is right again", {});
      audit.record('clock_right', {});
      said = undefined;
    }
    await clock.sleep(COMPARE_INTERVAL_MS, signal).catch(() => {});
  }
}
