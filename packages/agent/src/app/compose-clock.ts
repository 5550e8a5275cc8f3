import { type AskTime, createTimeQuestion } from '../clock/ask-time.ts';
import type { ClockGate } from '../clock/gate.ts';
import { keepClock } from '../clock/service.ts';
import { readMaterial } from '../identity/store/material.ts';
import type { AgentContext } from './agent-context.ts';
import { identityStatus } from './identity-place.ts';

function timeQuestion(context: AgentContext): AskTime | undefined {
  const { files, certificates, proxyFor, clockWatch, logger, config } = context;
  const { manager_url: managerUrl } = config.enrollment;
  if (managerUrl === undefined) return undefined;
  return createTimeQuestion({ files, certificates, managerUrl, proxyFor, clockWatch, logger });
}

/** Watches this host's clock until the signal aborts. */
export function keepClockOf(context: AgentContext, signal: AbortSignal): Promise<void> {
  const { clock, random, logger, audit, clockWatch } = context;
  return keepClock({ clock, random, logger, audit, clockWatch, askTime: timeQuestion(context), signal });
}

/** How an identity whose dates are wrong waits for the clock. */
export function clockGateOf(context: AgentContext): ClockGate {
  const { clock, random, clockWatch, logger, notifier, signal, files, certificates, config } = context;
  const askTime = timeQuestion(context);
  const url = config.enrollment.manager_url;
  return {
    clock,
    random,
    clockWatch,
    manager: askTime && url !== undefined ? { url, askTime } : undefined,
    identity: {
      status: () => identityStatus(context),
      material: () => readMaterial(files, certificates),
    },
    logger,
    notifier,
    signal,
  };
}
