import type { Envelope } from '@linux-patch/contract';
import { noteManagerTime } from '../words/manager-clock.ts';
import { CallFailure } from './call-failure.ts';

function parse(text: string): Partial<Envelope> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The result in an answer; its time is noted.
 * @param sentMs when it was asked for, by the clock of this device
 * @throws CallFailure with the manager's words, or with ours when somebody else answered
 */
export function readEnvelope(status: number, text: string, sentMs: number): unknown {
  const envelope = parse(text);
  if (typeof envelope?.success !== 'boolean') {
    throw new CallFailure({
      code: 'UNREACHABLE',
      message: `Something answered with ${status} that is not the manager, perhaps a proxy on the way. What is on the screen is from before.`,
    });
  }
  noteManagerTime(envelope.timestamp, { sentMs, receivedMs: Date.now() });
  if (envelope.success) return envelope.data;
  throw new CallFailure({
    code: envelope.error?.code ?? 'INTERNAL_ERROR',
    message: envelope.error?.message ?? `The manager answered ${status} without a reason.`,
    details: envelope.error?.details ?? {},
    ...(envelope.request_id === undefined ? {} : { requestId: envelope.request_id }),
  });
}
