import { type AskTime, createTimeQuestion } from '../clock/ask-time.ts';
import type { ClockGate } from '../clock/gate.ts';
import { keepClock } from '../clock/service.ts';
import type { AgentContext } from './agent-context.ts';

type Context = Pick<AgentContext, 'settings' | 'place' | 'time' | 'report'>;

function timeQuestion({ settings, place, time, report }: Context): AskTime | undefined {
  const { proxyFor, config } = settings;
  const { manager_url: managerUrl } = config.enrollment;
  if (managerUrl === undefined) return undefined;
  const { clockWatch } = time;
  return createTimeQuestion({ place, managerUrl, proxyFor, clockWatch, logger: report.logger });
}

/** Watches this host's clock until the signal aborts. */
export function keepClockOf(context: Context, signal: AbortSignal): Promise<void> {
  const { clock, random, clockWatch } = context.time;
  const { logger, audit } = context.report;
  return keepClock({ clock, random, logger, audit, clockWatch, askTime: timeQuestion(context), signal });
}

/** How an identity whose dates are wrong waits for the clock. */
export function clockGateOf(context: Context): ClockGate {
  const { settings, place, time, report } = context;
  const { logger, notifier } = report;
  const askTime = timeQuestion(context);
  const url = settings.config.enrollment.manager_url;
  return {
    place,
    time,
    logger,
    notifier,
    manager: askTime && url !== undefined ? { url, askTime } : undefined,
  };
}
