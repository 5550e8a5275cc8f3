import { join } from 'node:path';
import { startManagerProcess } from '../manager-process.ts';
import { type ApprovalSample, measureApprovals } from './approval.ts';
import { measureFloor } from './floor.ts';
import { unpackAgent } from './packaged-agent.ts';
import { type Benchmark, type Measurement, percentile } from './report.ts';
import { measureStorm, type StormResult } from './storm.ts';

const HOSTS = 20;
const STORM = 2_000;

function approvalRows(samples: readonly ApprovalSample[]): Measurement[] {
  const of = (pick: (sample: ApprovalSample) => number): number[] => samples.map(pick);
  const total = of((one) => one.untilAnswerMs);
  return [
    { what: 'approval sent → first answer over mTLS, p50', value: percentile(total, 0.5), unit: 'ms' },
    {
      what: 'approval sent → first answer over mTLS, p95',
      value: percentile(total, 0.95),
      unit: 'ms',
    },
    {
      what: 'the same from the decision on (without the check of the host code), p95',
      value: percentile(
        of((one) => one.untilAnswerFromDecisionMs),
        0.95,
      ),
      unit: 'ms',
    },
    {
      what: 'agent: CPU from its start to its first answer, p50',
      value: percentile(
        of((one) => one.serving.cpuMs),
        0.5,
      ),
      unit: 'ms',
    },
    {
      what: 'waiting agent: private memory (RssAnon), p50',
      value: percentile(
        of((one) => one.waiting.rssAnonMb),
        0.5,
      ),
      unit: 'MB',
      bar: { limit: 24, side: 'below' },
    },
    {
      what: 'waiting agent: memory in RAM (RSS), p50',
      value: percentile(
        of((one) => one.waiting.rssMb),
        0.5,
      ),
      unit: 'MB',
      bar: { limit: 75, side: 'below' },
    },
  ];
}

function stormRows(storm: StormResult, floorMs: number): Measurement[] {
  const { agents, registeringMs, deciding, managerCpuMs } = storm;
  const cpuMs = managerCpuMs / agents;
  return [
    {
      what: `storm of ${agents} agents, first registration → last acknowledgement`,
      value: agents / ((registeringMs + deciding.ms) / 1000),
      unit: 'enrolments/s',
    },
    { what: 'manager: CPU for each enrolment', value: cpuMs, unit: 'ms' },
    {
      what: 'bare server: CPU for its handshakes, signatures and flushes alone',
      value: floorMs,
      unit: 'ms',
    },
    {
      what: 'the first as a multiple of the second',
      value: cpuMs / floorMs,
      unit: '×',
      bar: { limit: 3, side: 'below' },
    },
    {
      what: 'the agents of the storm: CPU for each enrolment',
      value: storm.agentsCpuMs / agents,
      unit: 'ms',
    },
    { what: 'registration of all until every poll is held', value: registeringMs / 1000, unit: 's' },
    { what: 'approval of all until the last acknowledgement', value: deciding.ms / 1000, unit: 's' },
    { what: 'manager: memory in RAM afterwards', value: storm.managerRssMb, unit: 'MB' },
    { what: 'agents lost', value: storm.lost, unit: '', bar: { limit: 1, side: 'below' } },
    { what: 'served twice', value: storm.servedTwice, unit: '', bar: { limit: 1, side: 'below' } },
  ];
}

/** Before the storm and after it, so that a machine that gets slower or faster meanwhile does so for both. */
async function storming(
  folder: string,
  say: (line: string) => void,
): Promise<{ readonly storm: StormResult; readonly floorMs: number }> {
  say('Floor: a bare server of the same Node');
  const before = await measureFloor(join(folder, 'floor-before'));
  say(`Storm: ${STORM} agents, one manager with SQLite`);
  await using manager = await startManagerProcess(join(folder, 'storm'));
  const storm = await measureStorm({ manager, agents: STORM, say });
  const after = await measureFloor(join(folder, 'floor-after'));
  return { storm, floorMs: (before.cpuMs + after.cpuMs) / 2 };
}

async function approvals(folder: string, say: (line: string) => void): Promise<ApprovalSample[]> {
  const agent = await unpackAgent(join(folder, 'package'));
  await using manager = await startManagerProcess(join(folder, 'manager'));
  // Awaited here: the manager must not be stopped before.
  return await measureApprovals({ folder, manager, samples: HOSTS, agent, say });
}

/** The benchmark of enrolment. */
export const ENROLL_BENCHMARK: Benchmark = {
  name: 'enroll',
  about:
    'Manager and agents on it together, agents from their package, the manager from sources, SQLite with every commit flushed.',
  async measure(folder, say) {
    say(`Approval → first answer: ${HOSTS} real agents, one after the other`);
    const samples = await approvals(folder, say);
    const { storm, floorMs } = await storming(folder, say);
    return { rows: [...approvalRows(samples), ...stormRows(storm, floorMs)] };
  },
};
