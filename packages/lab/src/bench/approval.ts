import { readFile } from 'node:fs/promises';
import { request } from 'node:https';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { type AgentProcess, createLabHost, type LabHost } from '../agent-process.ts';
import { buildToyRepository } from '../apt/repository.ts';
import type { ManagerProcess } from '../manager-process.ts';
import { askUntil } from '../wait.ts';
import { type ManagerApi, openManagerApi } from './manager-api.ts';
import { type ProcessFigures, readProcess } from './proc.ts';

/** One host, from the administrator's approval to its first answer. */
export interface ApprovalSample {
  /** From the moment the approval is sent to the end of the first answer over mTLS. */
  readonly untilAnswerMs: number;
  /** The same from the moment the manager has answered the approval; it includes the check of the host code before. */
  readonly untilAnswerFromDecisionMs: number;
  readonly waiting: ProcessFigures;
  readonly serving: ProcessFigures;
}

/** How often a connection is tried while the agent installs. */
const RETRY_MS = 4;
const GIVE_UP_MS = 30_000;

/** Enrols real agent processes with a real manager by host code, one after the other. */
export async function measureApprovals(options: {
  readonly folder: string;
  readonly manager: ManagerProcess;
  readonly samples: number;
  readonly say: (line: string) => void;
}): Promise<ApprovalSample[]> {
  const { folder, manager, say } = options;
  const repository = await buildToyRepository({ folder: join(folder, 'repository') });
  using api = await openManagerApi(manager);
  const samples: ApprovalSample[] = [];
  for (let number = 1; number <= options.samples; number += 1) {
    const name = `bench${number}.lab.test`;
    const address = `127.0.1.${number}`;
    const host = await createLabHost({
      root: join(folder, name),
      name,
      address,
      repository,
      enrollment: [`manager_url: ${manager.url}`, `report_ip: ${address}`],
    });
    await using agent = host.start();
    samples.push(await measure(host, agent, manager, api));
    if (number % 10 === 0) say(`   ${number} of ${options.samples} hosts`);
  }
  return samples;
}

interface Waiting {
  readonly state: string;
  readonly host_code: string;
  readonly request_id: string | null;
}

/** The enrolment as the agent keeps it, once it has been told to wait. */
function waitingOf(host: LabHost): Promise<Waiting> {
  return askUntil(`${host.name} to wait for approval`, async () => {
    const text = await readFile(join(host.root, 'var/lib/linux_patch_api/enrollment.json'), 'utf8').catch(
      () => undefined,
    );
    const pending = text === undefined ? undefined : (JSON.parse(text) as Waiting);
    return pending?.state === 'waiting' && pending.request_id ? pending : undefined;
  });
}

async function measure(
  host: LabHost,
  agent: AgentProcess,
  manager: ManagerProcess,
  api: ManagerApi,
): Promise<ApprovalSample> {
  const { host_code: code, request_id: id } = await waitingOf(host);
  await askUntil('the poll to be held', async () => {
    const metrics = await api.call('GET', '/metrics');
    return /^linux_patch_manager_polls_held [1-9]/m.test(metrics) || undefined;
  });
  const waiting = await readProcess(agent.pid);
  const keys = join(manager.root, 'var/lib/linux_patch_manager/ca');
  const client = {
    ca: api.caPem,
    cert: await readFile(join(keys, 'client.pem')),
    key: await readFile(join(keys, 'client.key.pem')),
  };
  const sentMs = performance.now();
  const decided = api
    .call('POST', `/api/v1/enrollments/${id}/approve`, { code })
    .then(() => performance.now());
  const answered = firstAnswer(host, client);
  const [decidedMs, answeredMs] = await Promise.all([decided, answered]);
  return {
    untilAnswerMs: answeredMs - sentMs,
    untilAnswerFromDecisionMs: Math.max(0, answeredMs - decidedMs),
    waiting,
    serving: await readProcess(agent.pid),
  };
}

/** Asks for health again and again until it is answered. */
async function firstAnswer(host: LabHost, client: object): Promise<number> {
  const untilMs = performance.now() + GIVE_UP_MS;
  while (performance.now() < untilMs) {
    if ((await askHealth(host, client)) === 200) return performance.now();
    await pause(RETRY_MS);
  }
  throw new Error(`${host.name} did not answer within ${GIVE_UP_MS / 1000} s of its approval`);
}

function askHealth(host: LabHost, client: object): Promise<number | undefined> {
  const { promise, resolve } = Promise.withResolvers<number | undefined>();
  const { address, port } = host;
  const outgoing = request({ ...client, host: address, port, path: '/health', agent: false }, (response) => {
    response.resume().on('end', () => resolve(response.statusCode));
  });
  outgoing.on('error', () => resolve(undefined));
  outgoing.end();
  return promise;
}
