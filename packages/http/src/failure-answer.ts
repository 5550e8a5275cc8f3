import { ERRORS, errorEnvelope, PatchError, unexpectedFault } from '@linux-patch/contract';
import { type Clock, findDiskFault, type Logger } from '@linux-patch/runtime';
import { type Answer, jsonAnswer } from './answer.ts';

/** The one place where a failure becomes an answer; what is not ours shows nothing of itself. */
export function failureAnswer(
  { clock, logger }: { readonly clock: Clock; readonly logger: Logger },
  error: unknown,
  request: { readonly requestId: string; readonly path: string },
): Answer {
  const { requestId, path } = request;
  const known = error instanceof PatchError ? error : findDiskFault(error);
  if (!known || ERRORS[known.code].status >= 500) {
    logger.error('request failed', {
      request_id: requestId,
      path,
      error,
      ...(known ? {} : { stack: (error as Error | undefined)?.stack }),
    });
  }
  const failure = known ?? new PatchError('INTERNAL_ERROR', unexpectedFault(requestId), { cause: error });
  const envelope = errorEnvelope({ requestId, nowMs: clock.now() }, failure);
  return jsonAnswer(envelope, ERRORS[failure.code].status, headersOf(failure));
}

function headersOf({ details }: PatchError): Record<string, string> {
  const { retry_after_seconds: seconds, allow } = details;
  return {
    ...(typeof seconds === 'number' ? { 'Retry-After': String(seconds) } : {}),
    ...(Array.isArray(allow) ? { Allow: allow.join(', ') } : {}),
  };
}
