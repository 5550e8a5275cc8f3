import type { Clock } from '../clock.ts';
import type { ServiceNotifier } from './notify.ts';

/** Each ping starts a program, so they come rarely; systemd asks for at least two in its interval (sd_watchdog_enabled(3)). */
const PINGS_PER_INTERVAL = 3;

/** The watchdog's interval, from `WATCHDOG_USEC`; undefined when systemd does not watch this process. */
export function watchdogIntervalMs(
  environment: Readonly<Record<string, string | undefined>>,
): number | undefined {
  const interval = Number(environment.WATCHDOG_USEC) / 1000;
  return interval > 0 ? interval : undefined;
}

/**
 * Tells systemd regularly that the event loop turns, until the signal aborts. A service that hangs is then ended and
 * started again; one that only waits is not.
 */
export async function feedWatchdog(options: {
  readonly notifier: ServiceNotifier;
  readonly intervalMs: number;
  readonly clock: Clock;
  /** Whether the work that must never stop still goes on; without it the watchdog is not fed. */
  readonly isAlive: () => boolean;
  readonly signal: AbortSignal;
}): Promise<void> {
  const { notifier, intervalMs, clock, isAlive, signal } = options;
  while (!signal.aborted) {
    if (isAlive()) await notifier.alive();
    await clock.sleep(intervalMs / PINGS_PER_INTERVAL, signal).catch(() => undefined);
  }
}
