import type { Host } from '@linux-patch/contract';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { agentJob } from './agent-job.ts';
import { renew } from './agents.ts';
import { dataOf, knownHost } from './known-host.ts';
import { LISTENING } from './listening-agent.ts';
import { startWorld, type World } from './world.ts';

const JOB = '3f2b8c5e-6d1a-4c7b-9e0f-123456789abc';

let world: World;
beforeEach(async () => {
  world = await startWorld({ ...LISTENING, fleet: { poll_minutes: 60 } });
});
afterEach(() => world[Symbol.asyncDispose]());

/** A host that has been asked for its health, and tells of a job. */
async function openHost() {
  const host = await knownHost(world);
  host.tell(`/api/v1/jobs/${JOB}`, agentJob({ status: 'running' }));
  return host;
}
const ask = (fqdn: string) => world.admin(`/hosts/${fqdn}/jobs/${JOB}`);

it('a host is asked one thing after the other over one connection', async () => {
  await using host = await openHost();
  const before = host.connections();
  for (let count = 0; count < 5; count += 1) expect((await ask(host.fqdn)).status).toBe(200);
  expect(host.connections() - before).toBeLessThanOrEqual(1);
});

it('several things at once are each asked over a connection of their own', async () => {
  await using host = await openHost();
  const answers = await Promise.all(Array.from({ length: 8 }, () => ask(host.fqdn)));
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
  const before = host.connections();
  await Promise.all([ask(host.fqdn), ask(host.fqdn)]);
  expect(host.connections()).toBe(before);
});

it('a host that closes what was kept is asked over a new connection', async () => {
  await using host = await openHost();
  await ask(host.fqdn);
  host.hangUp();
  expect((await ask(host.fqdn)).status).toBe(200);
});

it('a connection is not used any more once its host has a newer certificate', async () => {
  await using host = await openHost();
  await ask(host.fqdn);
  const before = host.connections();
  expect((await renew(world, host.identity)).status).toBe(200);
  expect((await ask(host.fqdn)).status).toBe(200);
  expect(host.connections()).toBe(before + 1);
});

it('a connection is not used any more once the certificate is revoked', async () => {
  await using host = await openHost();
  await ask(host.fqdn);
  const { certificate_serial: serial } = dataOf<Host>(await world.admin(`/hosts/${host.fqdn}`));
  expect((await world.admin(`/certificates/${serial}/revoke`, { reason: 'keyCompromise' })).status).toBe(200);
  const asked = () => host.asked.filter(({ path }) => path.endsWith(JOB)).length;
  expect(asked()).toBe(1);
  const answer = await ask(host.fqdn);
  expect(answer.json().error).toMatchObject({ code: 'AGENT_UNREACHABLE' });
  expect(answer.json().error.message).toContain('is revoked');
  expect(asked()).toBe(1);
});

it('no more than two connections to a host stay open, and none after the manager has stopped', async () => {
  await using host = await openHost();
  await Promise.all(Array.from({ length: 8 }, () => ask(host.fqdn)));
  await expect.poll(() => host.open()).toBeLessThanOrEqual(2);
  await world.restart(async () => {
    await expect.poll(() => host.open()).toBe(0);
  });
});
