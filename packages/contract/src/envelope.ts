import { z } from 'zod';
import { ERRORS, type ErrorCode } from './errors.ts';
import { lazily } from './lazily.ts';

/** The error member of an answer. */
export const WireError = lazily(() =>
  z.object({
    code: z.string().meta({ description: 'Stable code; see the error reference.' }),
    message: z.string(),
    details: z.record(z.string(), z.unknown()),
    retryable: z.boolean(),
  }),
);
export type WireError = z.infer<typeof WireError>;

/** What every answer of both programs looks like, errors included. */
export const Envelope = lazily(() =>
  z.object({
    success: z.boolean(),
    request_id: z.uuid(),
    timestamp: z.iso.datetime({ offset: true }),
    data: z.unknown().nullable(),
    error: WireError.nullable(),
  }),
);
export type Envelope = z.infer<typeof Envelope>;

/** Identity of one exchange. */
export interface EnvelopeStamp {
  readonly requestId: string;
  /** Wall-clock time of the answer, milliseconds since the epoch. */
  readonly nowMs: number;
}

/** Wraps a result. */
export function successEnvelope(stamp: EnvelopeStamp, data: object | null): Envelope {
  return {
    success: true,
    request_id: stamp.requestId,
    timestamp: new Date(stamp.nowMs).toISOString(),
    data,
    error: null,
  };
}

/** What a peer hears of a fault that is none of the table; the log has the rest under the same id. */
export function unexpectedFault(requestId: string): string {
  return `An unexpected fault; the log has the details under the request id ${requestId}.`;
}

/** Wraps a failure; a code whose table entry is not exposed becomes `INTERNAL_ERROR` without details. */
export function errorEnvelope(
  stamp: EnvelopeStamp,
  failure: {
    readonly code: ErrorCode;
    readonly message: string;
    readonly details?: Readonly<Record<string, unknown>>;
  },
): Envelope {
  const traits = ERRORS[failure.code];
  const error = traits.expose
    ? {
        code: failure.code,
        message: failure.message,
        details: { ...failure.details },
        retryable: traits.retryable,
      }
    : {
        code: 'INTERNAL_ERROR',
        message: unexpectedFault(stamp.requestId),
        details: {},
        retryable: true,
      };
  return {
    success: false,
    request_id: stamp.requestId,
    timestamp: new Date(stamp.nowMs).toISOString(),
    data: null,
    error,
  };
}
