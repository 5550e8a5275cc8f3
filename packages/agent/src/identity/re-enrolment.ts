import { HOUR_MS, messageOf } from '@linux-patch/contract';
import type { Clock, Logger, ServiceNotifier } from '@linux-patch/runtime';

/** Joining again while the agent goes on serving with what it has. */
export interface ReEnrolment {
  /** Begins, unless it is under way or an administrator refused it since the start. `installed` is told about the end. */
  begin(wish: RejoinWish, installed: () => Promise<void>): void;
  /** Resolves when nothing is under way any more. */
  ended(): Promise<void>;
}

/** How the manager decided, or that it did not. */
type Joined =
  | { readonly kind: 'denied'; readonly reason: string | undefined }
  | { readonly kind: 'installed' | 'stopped' | 'gave_up' | 'failed' };

export interface ReEnrolmentOptions {
  /** Asks this manager to join, until it is decided. */
  readonly join: (managerUrl: string, onProgress: () => void) => Promise<Joined>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly notifier: ServiceNotifier;
  readonly signal: AbortSignal;
}

/** With whom to join, and what is the matter with the certificate in use. */
interface RejoinWish {
  readonly managerUrl: string;
  readonly why: 'revoked' | 'not_renewed';
}

const RETRY_MS = HOUR_MS;

const SERVING_WITH: Readonly<Record<RejoinWish['why'], string>> = {
  revoked: 'a revoked certificate',
  not_renewed: 'a certificate that the manager does not renew',
};

/**
 * An administrator has to approve, exactly as for a new host; the new identity is installed beside the old one and takes
 * its place in the running server.
 */
export function createReEnrolment(options: ReEnrolmentOptions): ReEnrolment {
  let running: Promise<void> | undefined;
  let denied = false;
  return {
    begin(wish, installed) {
      if (running || denied) return;
      running = askAgain(options, wish, installed)
        .then((outcome) => {
          denied = outcome === 'denied';
        })
        .finally(() => {
          running = undefined;
        });
    },
    ended: async () => running,
  };
}

async function askAgain(
  options: ReEnrolmentOptions,
  { managerUrl, why }: RejoinWish,
  installed: () => Promise<void>,
): Promise<'installed' | 'denied' | 'stopped'> {
  const { clock, logger, notifier, signal } = options;
  const onProgress = (): void =>
    void notifier.status(
      `Serving with ${SERVING_WITH[why]}; asking to join again at ${managerUrl} (code: linux-patch-api status)`,
    );
  while (!signal.aborted) {
    try {
      const outcome = await options.join(managerUrl, onProgress);
      if (outcome.kind === 'installed') {
        await installed();
        await notifier.status('Serving; this host has joined again');
        return 'installed';
      }
      if (outcome.kind === 'denied') {
        logger.error(
          `The manager refused to let this host join again; it serves with ${SERVING_WITH[why]} until it is restarted`,
          { manager: managerUrl, reason: outcome.reason },
        );
        return 'denied';
      }
    } catch (error) {
      if (signal.aborted) break;
      logger.error('Joining again failed; it is tried again in an hour', { reason: messageOf(error) });
    }
    await clock.sleep(RETRY_MS, signal).catch(() => {});
  }
  return 'stopped';
}
