import {
  AGENT_ROUTES,
  CRL_STATUSES,
  HostJobKey,
  IDENTITY_TRUSTS,
  lazily,
  type Route,
} from '@linux-patch/contract';
import { z } from 'zod';

const Word = z.string().max(64);
const MOST_OPERATIONS = 32;
/** Cut and not refused: what is wrong must not become unknown because it takes many words. */
const Sentence = z.string().transform((text) => text.slice(0, 2_000));

/** What the manager keeps of an agent's health; older agents say less, newer ones more. */
export const HealthReport = lazily(() =>
  z.object({
    status: Word.optional().catch(undefined),
    version: Word.optional().catch(undefined),
    instance_id: z.uuid().optional().catch(undefined),
    checks: z
      .object({
        certificates: Sentence.optional(),
        job_key: Sentence.optional(),
        policy: Sentence.optional(),
      })
      .optional()
      .catch(undefined),
    /** Absent from older agents; an operation that this manager does not know is kept. */
    allowed_operations: z.array(Word).max(MOST_OPERATIONS).optional().catch(undefined),
    /** Absent from older agents; a word that this manager does not know is kept. */
    identity_trouble: Word.nullish().catch(undefined),
    crl_status: z.enum(CRL_STATUSES).optional().catch(undefined),
    crl_number: z
      .string()
      .regex(/^\d{1,15}$/)
      .nullish()
      .catch(undefined),
    identity_trust: z.enum(IDENTITY_TRUSTS).optional().catch(undefined),
    key_origin: Word.optional().catch(undefined),
    certificate_expires_at: Word.nullish().catch(undefined),
    /** Absent from agents that know of no job keys. */
    job_key: HostJobKey.optional().catch(undefined),
  }),
);
export type HealthReport = z.infer<typeof HealthReport>;

/** The health route, read as every generation of agents answers it. */
export const HEALTH_OF_ANY_AGENT = { ...AGENT_ROUTES.health, response: HealthReport } satisfies Route;
