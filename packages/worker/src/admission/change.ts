import { lazily, PatchError } from '@linux-patch/contract';
import { z } from 'zod';
import { INSTANCE_ORIGINS } from '../instance/instance-id.ts';
import { JobRequest } from '../jobs/job-request.ts';
import { AnyErrorCode } from '../requests/answer.ts';

const Challenge = z.string().max(64).optional();
const Fingerprint = z.string().max(64).nullable();

/** A request for a change, as it came; its body, of which nothing was parsed, comes beside it. */
export const RawChange = lazily(() =>
  z.strictObject({
    /** Method, path and query. */
    line: z.string().min(1).max(8_192),
    contentType: z.string().max(256).optional(),
    idempotencyKey: z.string().max(128).optional(),
    /** Values of the headers of a signed change. */
    job: z.string().max(12_288).optional(),
    signature: z.string().max(128).optional(),
    /**
     * Root on the socket of a host without TLS (`local`), or whoever TLS let in: for words, and to be written down. Proves
     * nothing. `root` counts only of whoever has started the worker's process, who may do what that may.
     */
    caller: z.enum(['network', 'local', 'root']),
    /** Names for which the manager certified this host; what binds a change to it are its instance and its challenge. */
    names: z.array(z.string().max(253)).max(100),
  }),
);
export type RawChange = z.infer<typeof RawChange>;

/** A job that whoever passes a change on has on record under its `Idempotency-Key`; it can make the verdict stricter alone. */
export const EarlierJob = z.strictObject({
  job: z.uuid(),
  /** Whether it was asked for by the same request. */
  same: z.boolean(),
});
export type EarlierJob = z.infer<typeof EarlierJob>;

const Refused = lazily(() =>
  z.strictObject({
    kind: z.literal('refused'),
    error: z.strictObject({
      code: AnyErrorCode,
      message: z.string().max(65_536),
      details: z.record(z.string().max(128), z.unknown()),
    }),
    /** What was asked for, where that was read. */
    operation: z.string().max(64).optional(),
    challenge: Challenge,
  }),
);
export type Refused = z.infer<typeof Refused>;

/** What becomes of a change that is asked for. `challenge` is for the next signature, where one is needed. */
export const StartAnswer = lazily(() =>
  z.discriminatedUnion('kind', [
    /** It is on disk as this job, now or since it was asked for before. */
    z.strictObject({
      kind: z.literal('accepted'),
      job: z.uuid(),
      request: JobRequest,
      /** Fingerprint of the key that signed it. */
      signedBy: Fingerprint,
      challenge: Challenge,
    }),
    /** It is the earlier job that was named. */
    z.strictObject({ kind: z.literal('repeated'), signedBy: Fingerprint, challenge: Challenge }),
    Refused,
  ]),
);
export type StartAnswer = z.infer<typeof StartAnswer>;

/** What becomes of a job that is to be cancelled: it is never begun, or told to end, or was over already. */
export const CancelAnswer = lazily(() =>
  z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('cancelled'), signedBy: Fingerprint, challenge: Challenge }),
    Refused,
  ]),
);
export type CancelAnswer = z.infer<typeof CancelAnswer>;

/** Whether a process does the job now, has done it, or nobody will: then it was never accepted, or is over. */
export const BeginAnswer = z.strictObject({ kind: z.enum(['running', 'ended', 'unknown']) });
export type BeginAnswer = z.infer<typeof BeginAnswer>;

/** What this installation on this host is called, and why. */
export const InstanceAnswer = z.strictObject({ instanceId: z.uuid(), origin: z.enum(INSTANCE_ORIGINS) });
export type InstanceAnswer = z.infer<typeof InstanceAnswer>;

/** How the process of a job is. */
export const RunStateAnswer = z.strictObject({ running: z.boolean() });

/** What was left of a job is gone, or will be. */
export const ForgetAnswer = z.strictObject({ forgotten: z.literal(true) });

/** Whether a job that had not begun will not. */
export const WithdrawAnswer = z.strictObject({ withdrawn: z.boolean() });

/** How many jobs of an earlier release were taken over. */
export const TakeOverAnswer = z.strictObject({ jobs: z.int().nonnegative() });

/** A refusal as it is passed on; a fault without a code is not: it is nobody's answer. */
export function refusalOf(
  error: unknown,
  {
    operation,
    challenge,
  }: { readonly operation?: string | undefined; readonly challenge?: string | undefined },
): Refused {
  if (!(error instanceof PatchError)) throw error;
  const { code, message, details } = error;
  return {
    kind: 'refused',
    error: { code, message: message.slice(0, 65_536), details: { ...details } },
    operation,
    challenge,
  };
}
