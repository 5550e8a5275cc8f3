import { describe, expect, it } from 'vitest';
import type { Route } from '../route.ts';
import { INSTANCE_HEADER, JobHeaders } from './job-headers.ts';
import { JobAccepted } from './jobs.ts';
import { AGENT_ROUTES } from './routes.ts';

const ROUTES: readonly Route[] = Object.values(AGENT_ROUTES);
const idsOf = (routes: readonly Route[]) => routes.map((route) => route.id);

describe('of the agent', () => {
  it('every request that becomes a job can be named, so that a repetition is the same job, and signed', () => {
    const jobs = ROUTES.filter((route) => route.response === JobAccepted);
    expect(jobs.length).toBeGreaterThan(5);
    expect(idsOf(jobs.filter((route) => route.headers !== JobHeaders))).toEqual([]);
    for (const code of ['IDEMPOTENCY_CONFLICT', 'SIGNATURE_REQUIRED', 'CHALLENGE_UNKNOWN'] as const)
      expect(idsOf(jobs.filter((route) => !route.errors.includes(code)))).toEqual([]);
  });

  it('every request that may be signed can carry the name that its signature names', () => {
    const signed = ROUTES.filter((route) => route.errors.includes('SIGNATURE_INVALID'));
    expect(idsOf(signed)).toContain(AGENT_ROUTES.deleteJob.id);
    expect(idsOf(signed.filter((route) => !route.headers?.shape['Idempotency-Key']))).toEqual([]);
  });

  it('every request can say which instance it means, but that which asks for it', () => {
    const { health, rootHealth } = AGENT_ROUTES;
    const unable = ROUTES.filter((route) => !route.headers?.shape[INSTANCE_HEADER]);
    expect(idsOf(unable)).toEqual([rootHealth.id, health.id]);
    const silent = ROUTES.filter((route) => !route.errors.includes('INSTANCE_MISMATCH'));
    expect(idsOf(silent)).toEqual([rootHealth.id, health.id]);
  });
});
