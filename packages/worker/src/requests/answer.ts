import { ERRORS, type ErrorCode, lazily, messageOf, PatchError } from '@linux-patch/contract';
import { z } from 'zod';

/** Every code that a failure can have. */
export const AnyErrorCode = z.enum(Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]]);

/** The one line that a worker answers. */
export const WorkerAnswer = lazily(() =>
  z.discriminatedUnion('ok', [
    z.strictObject({ v: z.literal(1), ok: z.literal(true), value: z.unknown() }),
    z.strictObject({
      v: z.literal(1),
      ok: z.literal(false),
      error: z.strictObject({
        code: AnyErrorCode,
        message: z.string().max(65_536),
        details: z.record(z.string().max(128), z.unknown()),
      }),
    }),
  ]),
);
export type WorkerAnswer = z.infer<typeof WorkerAnswer>;

/** @param value what the request asked for; nothing is left out of it that JSON can say */
export function answerText(value: unknown): string {
  return JSON.stringify({ v: 1, ok: true, value } satisfies WorkerAnswer);
}

/** Whatever was thrown; a fault that has no code says no more than that there is one. */
export function failureText(error: unknown): string {
  const { code, message, details } =
    error instanceof PatchError
      ? error
      : new PatchError('INTERNAL_ERROR', `The worker failed unexpectedly: ${messageOf(error)}`);
  const told = { code, message: message.slice(0, 65_536), details: { ...details } };
  return JSON.stringify({ v: 1, ok: false, error: told } satisfies WorkerAnswer);
}
