import { z } from 'zod';

/** A caller's own name for one change. */
export const IdempotencyKey = z
  .string()
  .regex(/^[\x21-\x7e]{1,128}$/, 'a key has 1 to 128 printable ASCII characters and no blank');

/** Header with which a caller says which instance of the agent it means. */
export const INSTANCE_HEADER = 'Linux-Patch-Instance';

/** Headers of every request but that for health, which says which instance answers. */
export const InstanceHeaders = z.object({
  [INSTANCE_HEADER]: z.uuid().optional().meta({
    description:
      'The `instance_id` of health that the caller knows. Another instance (a host that was set up anew, a copy of its disk) refuses with 410 and does nothing.',
  }),
});

/** Header with which each answer to a change brings a number that the next signature may be over. */
export const CHALLENGE_HEADER = 'Linux-Patch-Challenge';
/** Headers of a signed change: what is signed beside the body, and the signature. */
export const SIGNED_JOB_HEADER = 'Linux-Patch-Job';
export const JOB_SIGNATURE_HEADER = 'Linux-Patch-Job-Signature';

/** Headers of a request that a manager signs. */
const SignedHeaders = InstanceHeaders.extend({
  [SIGNED_JOB_HEADER]: z
    .string()
    .max(12_288)
    .optional()
    .meta({
      description:
        'What is signed beside the body: base64url of the JSON `{v, key, host, instance, op, idem, challenge}`. `op` is method, path and query; `idem` the `Idempotency-Key`; ' +
        '`challenge` a value of `Linux-Patch-Challenge` in an earlier answer. Needed where the host pins a job key.',
    }),
  [JOB_SIGNATURE_HEADER]: z.string().max(128).optional().meta({
    description:
      'Ed25519, base64url, over `linux-patch-job-v1`, a line feed, the length of that JSON in bytes, a line feed, that JSON, and the body as it is sent.',
  }),
});

/** Headers of a request that needs a signature in one state of what it is about, and becomes no job. */
export const CancelHeaders = SignedHeaders.extend({
  'Idempotency-Key': IdempotencyKey.optional().meta({
    description: 'What `idem` of a signature names; needed with one. A repetition is a request of its own.',
  }),
});

/** Headers of every request that becomes a job. */
export const JobHeaders = SignedHeaders.extend({
  'Idempotency-Key': IdempotencyKey.optional().meta({
    description:
      'The same key with the same request is the same job for as long as that job is kept, also after a restart: repeat with it when an answer was lost. With another request it is 409.',
  }),
});
