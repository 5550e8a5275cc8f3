import type { Asking, NextStep, StepParts } from '../steps/next-step.ts';
import { acceptsForeignKey } from '../trust/trust.ts';

/**
 * A manager that does not understand a request may be an older one that stumbles over the extension. It is left out once,
 * where the answer would be worth something; undefined means that there is no other way to ask.
 */
export function askWithoutExtension(
  { trust, record, report }: StepParts,
  asking: Asking,
  answer: string,
): NextStep | undefined {
  const mayAskOlder = acceptsForeignKey(trust) && !record.pending.extension_seen;
  if (!asking.withExtension || !mayAskOlder) return undefined;
  asking.withExtension = false;
  report.logger.warn('The manager does not understand the request; asking in the older way', { answer });
  return { kind: 'wait', reason: { kind: 'transient', failures: 0 } };
}
