import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { type AgentProcess, createLabHost, type LabHost } from '../agent-process.ts';
import { buildToyRepository } from '../apt/repository.ts';
import type { ManagerProcess } from '../manager-process.ts';
import { firstAnswer, managerIdentity } from '../mtls-health.ts';
import { askUntil } from '../wait.ts';
import { waitingHost } from '../waiting-host.ts';
import { type ManagerApi, openManagerApi } from './manager-api.ts';
import type { PackagedAgent } from './packaged-agent.ts';
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

const GIVE_UP_MS = 30_000;
/** A host waits for a person, which is long after its start. */
const WAITS_MS = 5_000;

/** Enrols real agent processes with a real manager by host code, one after the other. */
export async function measureApprovals(options: {
  readonly folder: string;
  readonly manager: ManagerProcess;
  readonly samples: number;
  readonly agent: PackagedAgent;
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
    await using agent = host.start({ program: options.agent.command, env: options.agent.environment });
    samples.push(await measure(host, agent, manager, api));
    if (number % 10 === 0) say(`   ${number} of ${options.samples} hosts`);
  }
  return samples;
}

async function measure(
  host: LabHost,
  agent: AgentProcess,
  manager: ManagerProcess,
  api: ManagerApi,
): Promise<ApprovalSample> {
  const { host_code: code, request_id: id } = await waitingHost(host);
  await askUntil('the poll to be held', async () => {
    const metrics = await api.call('GET', '/metrics');
    return /^linux_patch_manager_polls_held [1-9]/m.test(metrics) || undefined;
  });
  await pause(WAITS_MS);
  const waiting = await readProcess(agent.pid);
  const identity = await managerIdentity(manager.root);
  const sentMs = performance.now();
  const decided = api
    .call('POST', `/api/v1/enrollments/${id}/approve`, { code })
    .then(() => performance.now());
  const answered = firstAnswer({ what: host.name, agent: host, identity, patienceMs: GIVE_UP_MS });
  const [decidedMs, answeredMs] = await Promise.all([decided, answered]);
  return {
    untilAnswerMs: answeredMs - sentMs,
    untilAnswerFromDecisionMs: Math.max(0, answeredMs - decidedMs),
    waiting,
    serving: await readProcess(agent.pid),
  };
}
