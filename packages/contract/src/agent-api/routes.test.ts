import { describe, expect, it } from 'vitest';
import type { Route } from '../route.ts';
import { CancelHeaders, ChangeHeaders, JobHeaders } from './job-headers.ts';
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

  it('every request that is more than a question can say which instance it means', () => {
    const changes = ROUTES.filter((route) => route.method !== 'GET');
    const headers: readonly unknown[] = [ChangeHeaders, CancelHeaders, JobHeaders];
    expect(idsOf(changes.filter((route) => !headers.includes(route.headers)))).toEqual([]);
    expect(idsOf(changes.filter((route) => !route.errors.includes('INSTANCE_MISMATCH')))).toEqual([]);
  });
});
