import { Agent } from 'node:https';
import { AGENT_ROUTES, JobAccepted, type Route } from '@linux-patch/contract';
import {
  type Allowed,
  fuzzRoute,
  type Known,
  RUNS_EACH,
  type Where,
} from '@linux-patch/contract/testing/fuzz';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HostPlan } from '../../../worker/src/package-interface/package-plans.ts';
import { MANUAL_IDENTITY } from '../../src/identity/store/identity-meta.ts';
import { NOW, type RevokingWorld, startRevokingWorld } from './revoking-world.ts';
import { shelfInventory } from './shelf-inventory.ts';
import { call, clientOptions } from './world.ts';
import { INSTANCE_ID } from './world-services.ts';

/** Of every change that it is asked about. */
const plan = async (): Promise<HostPlan> => ({
  steps: [],
  hash: 'a'.repeat(64),
  left: [],
  downloadBytes: undefined,
  diskBytes: undefined,
  reboot: 'unknown',
  denial: undefined,
  busy: undefined,
  plannedAtMs: NOW,
});
/** How many ended jobs the world keeps. */
const KEPT_JOBS = 100;
const UNLIMITED = { readsPerMinute: 1_000_000_000, changesPerMinute: 1_000_000_000 };

let world: RevokingWorld;
let where: Where;
let known: Known;
let allowed: Allowed;
beforeAll(async () => {
  const shelf = shelfInventory();
  const plans = { install: plan, remove: plan, rollback: plan, patches: plan };
  world = await startRevokingWorld({
    meta: { ...MANUAL_IDENTITY, manager_client: { cn: 'patch-manager-client', issuer_spki: 'its issuer' } },
    app: { rateLimits: UNLIMITED, inventory: { ...shelf, plans } },
  });
  where = { ...clientOptions(world), agent: new Agent({ keepAlive: true, maxSockets: 1 }) };
  const install = { method: 'POST', body: { packages: [{ name: 'alpha' }] } };
  const { job_id: job } = JobAccepted.parse((await call(world, '/api/v1/packages', install)).envelope.data);
  known = {
    id: [job],
    job_id: [job],
    name: ['alpha', 'beta', 'gamma'],
    packages: ['alpha', 'beta', 'gamma'],
    'Linux-Patch-Instance': [INSTANCE_ID],
    ca_crt: [world.authority.root.certificatePem],
    ca_chain: [world.authority.issuing.certificatePem],
    crl_pem: [await world.list()],
  };
  allowed = {
    away: { QUEUE_FULL: 'twenty jobs wait', NOT_SUPPORTED: 'the host has nothing that could do it' },
    // Where its policy lies, a host tells: that is where its administrator looks.
    hidden: ['certs', 'jobs', 'state', 'worker'].map((name) => `${world.folder}/${name}`),
  };
});
afterAll(() => world[Symbol.asyncDispose]());

/** What a refusal leaves as it is: jobs, and the revocation list. Of jobs beyond what is kept, the oldest go whenever they may. */
const state = (): string => {
  const jobs = world.jobs.list();
  return JSON.stringify([
    Math.min(jobs.length, KEPT_JOBS),
    jobs[0]?.job_id,
    String(world.service.state.list.number),
  ]);
};

const ROUTES: readonly Route[] = Object.values(AGENT_ROUTES);

describe('whatever it is asked, the agent', () => {
  it.each(ROUTES.map((route) => [`${route.id} (${route.method} ${route.path})`, route] as const))(
    'answers %s by its contract, and a refusal changes nothing',
    async (_id, route) => {
      const about = route.path.includes('/services/') ? { ...known, name: ['ssh.service'] } : known;
      const options = { known: about, allowed, state, where: () => where };
      const { answers, isReached } = await fuzzRoute(route, {
        ...options,
        onlyBroken: false,
        runs: RUNS_EACH,
      });
      expect([isReached, [...answers]]).toEqual([true, expect.anything()]);
      expect((await call(world, '/health')).status).toBe(200);
      expect(world.logger.records.filter(({ level }) => level === 'error')).toEqual([]);
    },
  );
});
