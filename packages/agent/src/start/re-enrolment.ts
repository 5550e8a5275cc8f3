import { messageOf } from '@linux-patch/contract';
import type { AgentContext } from './agent-context.ts';
import { enrolWith } from './enrolling.ts';

/** Joining again while the agent goes on serving with what it has. */
export interface ReEnrolment {
  /** Begins, unless it is under way or an administrator refused it since the start. `installed` is told about the end. */
  begin(managerUrl: string, installed: () => Promise<void>): void;
  /** Ends when nothing is under way any more. */
  settled(): Promise<void>;
}

const RETRY_MS = 3_600_000;

/**
 * An administrator has to approve, exactly as for a new host; the new identity is installed beside the old one and takes
 * its place in the running server.
 */
export function createReEnrolment(context: AgentContext): ReEnrolment {
  let running: Promise<void> | undefined;
  let denied = false;
  return {
    begin(managerUrl, installed) {
      if (running || denied) return;
      running = askAgain(context, managerUrl, installed)
        .then((outcome) => {
          denied = outcome === 'denied';
        })
        .finally(() => {
          running = undefined;
        });
    },
    settled: async () => running,
  };
}

async function askAgain(
  context: AgentContext,
  managerUrl: string,
  installed: () => Promise<void>,
): Promise<'installed' | 'denied' | 'stopped'> {
  const { clock, logger, notifier, signal } = context;
  const onProgress = (): void =>
    void notifier.status(
      `Serving with a revoked certificate; asking to join again at ${managerUrl} (code: linux-patch-api status)`,
    );
  while (!signal.aborted) {
    try {
      // The polling token lies in the configuration; a second attempt goes on with the one of the first.
      const config = await context.loadConfig().catch(() => context.config);
      const outcome = await enrolWith({ ...context, config }, { managerUrl, mode: 'service', onProgress });
      if (outcome.kind === 'installed') {
        await installed();
        await notifier.status('Serving; this host has joined again');
        return 'installed';
      }
      if (outcome.kind === 'denied') {
        logger.error(
          'The manager refused to let this host join again; it serves with its revoked certificate until it is restarted',
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
