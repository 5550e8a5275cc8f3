import { AGENT_ROUTES, CRL_STATUSES, IDENTITY_TRUSTS, type Route } from '@linux-patch/contract';
import { z } from 'zod';

/** What the manager keeps of an agent's health; older agents say less, newer ones more. */
export const HealthReport = z.object({
  status: z.string().optional().catch(undefined),
  version: z.string().optional().catch(undefined),
  checks: z.object({ certificates: z.string().optional() }).optional().catch(undefined),
  crl_status: z.enum(CRL_STATUSES).optional().catch(undefined),
  crl_number: z
    .string()
    .regex(/^\d{1,15}$/)
    .nullish()
    .catch(undefined),
  identity_trust: z.enum(IDENTITY_TRUSTS).optional().catch(undefined),
  key_origin: z.string().optional().catch(undefined),
  certificate_expires_at: z.string().nullish().catch(undefined),
});
export type HealthReport = z.infer<typeof HealthReport>;

/** The health route, read as every generation of agents answers it. */
export const HEALTH_OF_ANY_AGENT = { ...AGENT_ROUTES.health, response: HealthReport } satisfies Route;
