import { describe, expect, it } from 'vitest';
import { Envelope, errorEnvelope, successEnvelope } from './envelope.ts';
import { ERRORS, type ErrorCode } from './errors.ts';

const stamp = { requestId: '0b5c9e2e-5da6-4f6b-9f44-3a5c3c6f8a10', nowMs: Date.UTC(2026, 10, 23) };

describe('the envelope', () => {
  it('has all five members on success and on failure', () => {
    for (const envelope of [
      successEnvelope(stamp, { a: 1 }),
      errorEnvelope(stamp, { code: 'NOT_FOUND', message: 'x' }),
    ]) {
      expect(Object.keys(envelope).sort()).toEqual(['data', 'error', 'request_id', 'success', 'timestamp']);
      expect(Envelope.safeParse(envelope).success).toBe(true);
    }
  });

  it('writes the time as RFC 3339 in UTC', () => {
    expect(successEnvelope(stamp, null).timestamp).toBe('2026-11-23T00:00:00.000Z');
  });

  it.each(Object.keys(ERRORS) as ErrorCode[])(
    'says whether %s may be retried as its table entry does',
    (code) => {
      expect(errorEnvelope(stamp, { code, message: 'x' }).error).toMatchObject({
        retryable: ERRORS[code].retryable,
      });
    },
  );
});
