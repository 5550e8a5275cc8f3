import { isPatchError } from '@linux-patch/contract';
import { type Clock, findDiskFault, type Logger, type ServiceNotifier } from '@linux-patch/runtime';

const LOOK_EVERY_MS = 2_000;
/** With the pause of the service manager, its five starts in five minutes are never used up. */
const LIMIT_MS = 60_000;

/**
 * Starts what needs to write. While the disk takes nothing, or the database server is away, it is tried again for a minute
 * where a service manager waits, so that it is used as soon as it is there; at a terminal the fault is told at once.
 *
 * @throws PatchError `DISK_FULL`, `DATABASE_UNAVAILABLE`, and whatever else the start fails with
 */
export async function startWhenWritable<T>(
  start: () => Promise<T>,
  parts: {
    readonly clock: Clock;
    readonly logger: Logger;
    readonly notifier: ServiceNotifier;
    readonly isService: boolean;
    readonly signal: AbortSignal;
  },
): Promise<T> {
  const { clock, logger, notifier, signal } = parts;
  const untilMs = clock.monotonicMs() + (parts.isService ? LIMIT_MS : 0);
  for (let said = false; ; said = true) {
    try {
      return await start();
    } catch (error) {
      const fault = isPatchError(error, 'DISK_FULL', 'DATABASE_UNAVAILABLE') ? error : findDiskFault(error);
      if (!fault || signal.aborted || clock.monotonicMs() >= untilMs) throw fault ?? error;
      if (!said) logger.error(`${fault.message} The manager waits for it.`, {});
      await notifier.status(`Not started: ${fault.message}`);
      await clock.sleep(LOOK_EVERY_MS, signal).catch(() => {});
    }
  }
}
