import { isPatchError, messageOf } from '@linux-patch/contract';
import { type Clock, findDiskFault, type Logger, type ServiceNotifier } from '@linux-patch/runtime';

const TRY_EVERY_MS = 2_000;
/** With the pause of the service manager, its five starts in five minutes are never used up. */
const PATIENCE_MS = 60_000;

/**
 * Starts the server. What keeps it from that is mended beside it: a configuration, a disk, a port that somebody has, an address
 * that comes late, a database server. Where a service manager waits, it is tried again for a minute with the fault in its status:
 * whoever mends it has a running manager, and the service manager never gives up for good. At a terminal the fault is told at once.
 *
 * @throws PatchError the fault; whatever else the start fails with, at once
 */
export async function startPatiently<T>(
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
  const untilMs = clock.monotonicMs() + (parts.isService ? PATIENCE_MS : 0);
  let said: string | undefined;
  for (;;) {
    try {
      return await start();
    } catch (error) {
      const fault = findDiskFault(error) ?? (isPatchError(error) ? error : undefined);
      if (!fault || signal.aborted || clock.monotonicMs() >= untilMs) throw fault ?? error;
      const message = messageOf(fault);
      if (message !== said) {
        said = message;
        logger.error(`${message} The manager waits up to a minute for this to be mended.`, {});
        await notifier.status(`Not started: ${message.split('\n', 1)[0]}`);
      }
      await clock.sleep(TRY_EVERY_MS, signal).catch(() => {});
    }
  }
}
