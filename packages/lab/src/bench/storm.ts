import { performance } from 'node:perf_hooks';
import process from 'node:process';
import type { ManagerProcess } from '../manager-process.ts';
import { createSigningAgent, type JoiningHost, type SigningAgent } from '../signing-agent.ts';
import { askUntil } from '../wait.ts';
import { inParallel } from './in-parallel.ts';
import { type ManagerApi, openManagerApi } from './manager-api.ts';
import { readProcess } from './proc.ts';

/** What came of a storm. */
export interface StormResult {
  readonly agents: number;
  /** From the first registration until every poll is held. */
  readonly registeringMs: number;
  /** From the first approval to the last acknowledgement. */
  readonly deciding: { readonly ms: number };
  readonly managerCpuMs: number;
  /** CPU time that the 2,000 agents cost on the same machine. */
  readonly agentsCpuMs: number;
  readonly managerRssMb: number;
  /** Agents without a certificate at the end, by whatever side's count. */
  readonly lost: number;
  /** Approvals that left the manager more than once, and serial numbers that two agents got. */
  readonly servedTwice: number;
}

/** Registrations under way at once; a real fleet has jitter of its own. */
const REGISTERING = 64;
const APPROVING = 8;

/** Enrols so many agents with one manager: all ask, all wait in held polls, all are approved, all acknowledge. */
export async function measureStorm(options: {
  readonly manager: ManagerProcess;
  readonly agents: number;
  readonly say: (line: string) => void;
}): Promise<StormResult> {
  const { manager, say } = options;
  using api = await openManagerApi(manager);
  const numbers = Array.from({ length: options.agents }, (_, number) => number);
  const agents = await Promise.all(
    numbers.map((number) => createSigningAgent(hostOf(number), { url: manager.url, caPem: api.caPem })),
  );
  say(`   ${agents.length} agents with keys and requests of their own are ready`);
  const before = await readProcess(manager.program.pid);
  const ownBefore = process.cpuUsage();

  const startedMs = performance.now();
  const ids: string[] = [];
  const serials: string[] = [];
  const fetching: Promise<void>[] = [];
  await inParallel(agents, REGISTERING, async (agent) => {
    ids.push(await agent.register());
    fetching.push(fetchAndAcknowledge(agent, serials));
  });
  await everyPollHeld(api, agents.length);
  const heldMs = performance.now();
  say(`   all registered and waiting after ${Math.round(heldMs - startedMs)} ms`);
  await inParallel(ids, APPROVING, async (id) => {
    await api.call('POST', `/api/v1/enrollments/${id}/approve`, {});
  });
  const outcomes = await Promise.allSettled(fetching);
  const doneMs = performance.now();
  const after = await readProcess(manager.program.pid);
  const own = process.cpuUsage(ownBefore);
  for (const outcome of outcomes) if (outcome.status === 'rejected') say(`   ${String(outcome.reason)}`);
  return {
    agents: agents.length,
    registeringMs: heldMs - startedMs,
    deciding: { ms: doneMs - heldMs },
    managerCpuMs: after.cpuMs - before.cpuMs,
    agentsCpuMs: (own.user + own.system) / 1000,
    managerRssMb: after.rssMb,
    ...(await account(api, agents.length, serials)),
  };
}

/** @param number less than 65,000 */
function hostOf(number: number): JoiningHost {
  return {
    machineId: number.toString(16).padStart(32, '0'),
    fqdn: `storm${number}.lab.test`,
    address: `127.2.${1 + (number >> 8)}.${number & 255}`,
    os: { distro: 'debian', version: '13' },
  };
}

async function fetchAndAcknowledge(agent: SigningAgent, serials: string[]): Promise<void> {
  serials.push((await agent.fetch()).serialHex);
  await agent.acknowledge();
}

function metric(text: string, line: string): number {
  const value = text.split('\n').find((one) => one.startsWith(`${line} `));
  return Number(value?.slice(line.length + 1) ?? 0);
}

async function everyPollHeld(api: ManagerApi, wanted: number): Promise<void> {
  await askUntil(`${wanted} held polls`, async () => {
    const held = metric(await api.call('GET', '/metrics'), 'linux_patch_manager_polls_held');
    return held >= wanted || undefined;
  });
}

/** Counts on both sides: what the agents got, and what the manager has on record. */
async function account(
  api: ManagerApi,
  agents: number,
  serials: readonly string[],
): Promise<Pick<StormResult, 'lost' | 'servedTwice'>> {
  const metrics = await api.call('GET', '/metrics');
  const installed = metric(metrics, 'linux_patch_manager_enrollments{state="installed"}');
  const valid = metric(metrics, 'linux_patch_manager_certificates{state="valid"}');
  const sent = metric(metrics, 'linux_patch_manager_audit_events_total{event="enrollment_bundle_sent"}');
  const distinct = new Set(serials).size;
  return {
    lost: agents - Math.min(distinct, installed, valid),
    servedTwice: Math.max(0, sent - agents, valid - agents) + (serials.length - distinct),
  };
}
