import { STATUS_CODES } from 'node:http';
import { ERRORS, type ErrorCode, errorEnvelope } from '@linux-patch/contract';

/**
 * A whole HTTP answer as text, for the moments when there is no response object: a request that cannot be parsed,
 * an upgrade that is refused.
 */
export function rawErrorAnswer(answer: {
  readonly code: ErrorCode;
  readonly message: string;
  readonly requestId: string;
  readonly nowMs: number;
  /** Where HTTP has a more exact status than the code's own. */
  readonly status?: number;
}): string {
  const status = answer.status ?? ERRORS[answer.code].status;
  const body = JSON.stringify(errorEnvelope(answer, answer));
  return [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Error'}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    `X-Request-Id: ${answer.requestId}`,
    'Connection: close',
    '',
    body,
  ].join('\r\n');
}
