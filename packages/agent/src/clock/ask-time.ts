import { isPatchError } from '@linux-patch/contract';
import type { Logger } from '@linux-patch/runtime';
import type { ProxyChoice } from '../host/proxy.ts';
import { findIdentity, type IdentityPlace } from '../identity/store/read.ts';
import { findManagerTimeMs } from './manager-time.ts';
import type { ClockWatch } from './watch.ts';

/** Whether the manager said what time it is; `unreachable` when nobody answers. */
export type TimeAnswer = 'known' | 'unproven' | 'unreachable';

/** Asks the manager that the installed CA proves what time it is, and tells the clock watch. Never rejects. */
export type AskTime = (signal: AbortSignal) => Promise<TimeAnswer>;

export function createTimeQuestion(options: {
  readonly place: IdentityPlace;
  readonly managerUrl: string;
  readonly proxyFor: ProxyChoice;
  readonly clockWatch: ClockWatch;
  readonly logger: Logger;
}): AskTime {
  const { place, managerUrl, proxyFor, clockWatch, logger } = options;
  return async (signal) => {
    const identity = await findIdentity(place).catch(() => undefined);
    if (!identity) return 'unproven';
    try {
      const anchors = identity.issuers.map((one) => one.pem);
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
  };
}
