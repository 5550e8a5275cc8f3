import { isPatchError } from '@linux-patch/contract';
import { parseCertificates } from '@linux-patch/pki';
import type { AgentContext } from '../app/agent-context.ts';
import { readMaterial } from '../identity/store/material.ts';
import { nextDelayMs } from '../manager-link/schedule.ts';
import { findManagerTimeMs } from './manager-time.ts';

/** How often wall and monotonic clock are compared. */
export const COMPARE_INTERVAL_MS = 30_000;
/** How often the manager's time is asked for while nothing is wrong. */
const ASK_INTERVAL_MS = 6 * 3_600_000;
/** Within this time after the start it is asked for first, so that hosts that start together ask apart. */
const FIRST_ASK_MS = 120_000;

type KeeperContext = Pick<
  AgentContext,
  'clock' | 'random' | 'logger' | 'audit' | 'files' | 'certificates' | 'proxyFor' | 'clockWatch' | 'config'
>;

/**
 * Asks the manager that the installed CA proves what time it is.
 * @returns whether it said so; `unreachable` when nobody answers
 */
export async function askTheTime(
  context: KeeperContext,
  managerUrl: string,
  signal: AbortSignal,
): Promise<'known' | 'unproven' | 'unreachable'> {
  const { files, certificates, proxyFor, clockWatch, logger } = context;
  const material = await readMaterial(files, certificates).catch(() => undefined);
  if (!material) return 'unproven';
  try {
    const anchors = parseCertificates(material.caPem).map((one) => one.pem);
    const dateMs = await findManagerTimeMs({ managerUrl: new URL(managerUrl), proxyFor, signal }, anchors);
    if (dateMs === undefined) return 'unproven';
    clockWatch.heard(dateMs);
    return 'known';
  } catch (error) {
    // Whatever is wrong with the question about the time, the agent has other work.
    if (!isPatchError(error) && !signal.aborted)
      logger.warn('The manager could not be asked for the time', { error });
    return 'unreachable';
  }
}

/**
 * Watches the clock until the signal aborts: notices within half a minute that it was moved, asks the manager then, and
 * says once when the clock is wrong and once when it is right again.
 */
export async function keepClock(
  context: KeeperContext,
  options: { readonly managerUrl: string | undefined; readonly signal: AbortSignal },
): Promise<void> {
  const { clock, random, logger, audit, clockWatch } = context;
  const { managerUrl, signal } = options;
  let said: string | undefined;
  let failures = 0;
  let askAtMs = clock.monotonicMs() + FIRST_ASK_MS * random.fraction();
  while (!signal.aborted) {
    if (clockWatch.compare()) {
      await clockWatch.look();
      askAtMs = clock.monotonicMs();
    }
    if (managerUrl !== undefined && clock.monotonicMs() >= askAtMs) {
      const answer = await askTheTime(context, managerUrl, signal);
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
