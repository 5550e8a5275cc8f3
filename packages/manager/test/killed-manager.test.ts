import { once } from 'node:events';
import { createServer } from 'node:net';
import type { FleetJob, FleetJobs, Host, Job } from '@linux-patch/contract';
import { expect, it } from 'vitest';
import { agentJob } from './agent-job.ts';
import { dataOf, INSTANCE } from './known-host.ts';
import { joinListening, LISTENING } from './listening-agent.ts';
import { startManagerProgram } from './manager-program.ts';

/** Programs are started, and hosts are asked by the clock of this machine. */
const SLOW = 600_000;
const JOB = '3f2b8c5e-6d1a-4c7b-9e0f-123456789abc';
const JOB_PATH = `/api/v1/jobs/${JOB}`;
const DONE: Job = agentJob({
  status: 'completed',
  results: [{ name: 'curl', action: 'upgraded', version_before: '1', version_after: '2' }],
});

type Manager = Awaited<ReturnType<typeof startManagerProgram>>;
type Listening = Awaited<ReturnType<typeof joinListening>>;

/** A manager that knows which installation its host is, so that it asks it for changes at once. */
async function open(stack: AsyncDisposableStack): Promise<{ manager: Manager; host: Listening }> {
  const manager = stack.use(
    await startManagerProgram({ ...LISTENING, fleet: { poll_minutes: 60, inventory_minutes: 0 } }),
  );
  const host = stack.use(await joinListening(manager));
  host.say({ instance_id: INSTANCE });
  await expect
    .poll(async () => dataOf<Host>(await manager.admin(`/hosts/${host.fqdn}`)).last_seen_at, {
      timeout: SLOW,
    })
    .not.toBeNull();
  return { manager, host };
}

/** Asks for updates; the manager dies over it. */
const ask = (manager: Manager, host: Listening): Promise<unknown> =>
  manager.admin(`/hosts/${host.fqdn}/patches/apply`, { all: true }).catch((error: unknown) => error);

const jobsOf = async (manager: Manager) => dataOf<FleetJobs>(await manager.admin('/jobs')).jobs;

async function ended(manager: Manager): Promise<FleetJob | undefined> {
  await expect.poll(async () => (await jobsOf(manager))[0]?.state, { timeout: SLOW }).toBe('ended');
  const jobs = await jobsOf(manager);
  expect(jobs).toHaveLength(1);
  return jobs[0];
}

const keysOf = (host: Listening) => new Set(host.jobsAsked().map((one) => one.headers['idempotency-key']));

it(
  'a manager that is killed before it has called its host calls it after its start, once',
  async () => {
    await using stack = new AsyncDisposableStack();
    const { manager, host } = await open(stack);
    await host.sleep();
    // Somebody takes the call, who never says anything.
    const silent = createServer((socket) => {
      // What nobody reads would keep the connection, and with it this server, open after the manager's end.
      socket.on('error', () => {}).resume();
    });
    silent.listen(host.port, '127.0.0.1');
    await once(silent, 'listening');
    const asked = ask(manager, host);
    await expect.poll(async () => (await jobsOf(manager)).length, { timeout: SLOW }).toBe(1);
    await manager.kill();
    await asked;
    silent.close();
    await once(silent, 'close');
    host.tell(JOB_PATH, DONE);
    await host.wake();
    expect(host.jobsAsked()).toEqual([]);
    await manager.start();
    expect(await ended(manager)).toMatchObject({ job_id: JOB, result: { changed: { upgraded: 1 } } });
    expect(host.jobsAsked()).toHaveLength(1);
  },
  SLOW,
);

it(
  'a manager that is killed before the host answers asks for the same job, and ends it',
  async () => {
    await using stack = new AsyncDisposableStack();
    const { manager, host } = await open(stack);
    host.guard(() => {
      void manager.kill();
      return undefined;
    });
    await ask(manager, host);
    await manager.kill();
    host.guard(() => undefined);
    host.tell(JOB_PATH, DONE);
    await manager.start();
    expect(await ended(manager)).toMatchObject({ job_id: JOB, actor: 'local (says: test)' });
    expect(host.jobsAsked().length).toBeGreaterThan(1);
    expect(keysOf(host).size).toBe(1);
  },
  SLOW,
);

it(
  'a manager that is killed while it follows a job follows it after its start',
  async () => {
    await using stack = new AsyncDisposableStack();
    const { manager, host } = await open(stack);
    host.tell(JOB_PATH, agentJob({ status: 'running' }));
    await ask(manager, host);
    await expect.poll(() => host.asked.some(({ path }) => path === JOB_PATH), { timeout: SLOW }).toBe(true);
    await manager.kill();
    host.tell(JOB_PATH, DONE);
    await manager.start();
    expect(await ended(manager)).toMatchObject({ job_id: JOB, result: { status: 'completed' } });
    expect(host.jobsAsked()).toHaveLength(1);
  },
  SLOW,
);
