import type { Commands } from '../commands.ts';
import type { Logger } from '../logger.ts';
import { printableLine } from '../printable.ts';

/** Tells the service manager what a service does; silent where none listens. */
export interface ServiceNotifier {
  /** The service is in charge: it serves, or works its way there with a valid configuration. */
  ready(status: string): Promise<void>;
  /** The one line that `systemctl status` shows. Never carries a token or host code. */
  status(status: string): Promise<void>;
  /** What is added to the status until it is over, one trouble for each matter; undefined ends it. */
  trouble(matter: string, trouble: string | undefined): Promise<void>;
  stopping(): Promise<void>;
  /** The event loop turns; for the watchdog. */
  alive(): Promise<void>;
}

const TIMEOUT_MS = 5_000;
/**
 * Notifies systemd through `systemd-notify`, because Node cannot open the unix datagram socket that
 * sd_notify(3) asks for. Assignments, not options: `--stopping` is younger than Debian 12. Does nothing unless
 * `NOTIFY_SOCKET` names a socket.
 */
export function createServiceNotifier(options: {
  readonly commands: Commands;
  readonly notifySocket: string | undefined;
  readonly logger: Logger;
}): ServiceNotifier {
  let last = '';
  let sent: Promise<void> = Promise.resolve();
  /** The same status again is not worth a process. One after the other: what is said last must also arrive last. */
  const sendOnce = (...assignments: string[]): Promise<void> => {
    const text = assignments.join('\n');
    if (text !== last) sent = sent.then(() => send(...assignments));
    last = text;
    return sent;
  };
  const send = async (...assignments: string[]): Promise<void> => {
    if (!options.notifySocket) return;
    try {
      const result = await options.commands.run({
        program: 'systemd-notify',
        args: assignments,
        env: { NOTIFY_SOCKET: options.notifySocket },
        timeoutMs: TIMEOUT_MS,
      });
      if (result.exitCode !== 0)
        options.logger.warn('systemd-notify failed', { stderr: result.stderr.trim() });
    } catch (error) {
      options.logger.warn('systemd-notify could not be started', { error });
    }
  };
  let status = '';
  const troubles = new Map<string, string>();
  // A line feed would begin an assignment of its own (sd_notify(3)).
  const line = (): string => `STATUS=${printableLine([status, ...troubles.values()].join('; '))}`;
  return {
    ready(now) {
      status = now;
      return sendOnce('READY=1', line());
    },
    status(now) {
      status = now;
      return sendOnce(line());
    },
    trouble(matter, now) {
      if (now === troubles.get(matter)) return sent;
      if (now === undefined) troubles.delete(matter);
      else troubles.set(matter, now);
      return sendOnce(line());
    },
    stopping: () => sendOnce('STOPPING=1'),
    alive: () => send('WATCHDOG=1'),
  };
}
