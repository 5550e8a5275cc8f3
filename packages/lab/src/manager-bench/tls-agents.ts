import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { FleetInventory } from '@linux-patch/contract';
import { makeTestPrograms } from '../../../../tools/test-programs.ts';
import { readProcess } from '../bench/proc.ts';
import { startManagerProcess } from '../manager-process.ts';
import { joinRecordedHosts, RECORDED_NETWORK } from '../recorded/hosts.ts';
import { askUntil } from '../wait.ts';
import { msSince } from './records.ts';

const IDLE_MS = 30_000;
const QUESTIONS = [
  '/inventory?limit=100',
  '/inventory?limit=100&state=behind',
  '/inventory/updates?limit=100',
  '/hosts',
];
const TIMES = 40;
/** A start makes a new CA and database here, so the second one is what an upgrade or a reboot costs. */
const STARTS = 3;

/** A real manager and hosts that it reaches by TLS with certificates of their own, each of which answers a real listing. */
export async function measureTlsAgents(count: number): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'linux-patch-bench-'));
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rm(folder, { recursive: true }));
  const programs = stack.use(await makeTestPrograms());
  const command = [join(programs.env['TEST_PROGRAMS_FOLDER'] ?? '', 'linux-patch-manager')];
  const manager = stack.use(await startManagerProcess(folder, { localHosts: [RECORDED_NETWORK], command }));
  const joining = performance.now();
  stack.use(await joinRecordedHosts(manager, count, new AbortController().signal));
  const joinSeconds = msSince(joining) / 1_000;
  const listing = performance.now();
  await askUntil('every host to be listed', async () => {
    const { figures } = (await manager.ask('/inventory?limit=1')) as FleetInventory;
    return figures.unknown === 0 || undefined;
  });
  const listSeconds = msSince(listing) / 1_000;
  const took: string[] = [];
  for (const path of QUESTIONS)
    took.push(`  ${path.padEnd(36)} p95 ${(await p95((one) => manager.ask(one), path)).toFixed(0)} ms`);
  const before = await readProcess(manager.program.pid);
  await pause(IDLE_MS);
  const after = await readProcess(manager.program.pid);
  const starts: number[] = [];
  for (let start = 0; start < STARTS; start += 1) {
    await manager.kill();
    const from = performance.now();
    await manager.start();
    starts.push(msSince(from));
  }
  return [
    `A manager and ${count} hosts that it reaches by TLS, each with a certificate of its own:`,
    `  joined in ${joinSeconds.toFixed(0)} s, all listed ${listSeconds.toFixed(0)} s later`,
    ...took,
    `  idle: ${((100 * (after.cpuMs - before.cpuMs)) / IDLE_MS).toFixed(1)} % of a processor, ${after.rssMb.toFixed(0)} MB`,
    `  start to serving after a kill: ${Math.min(...starts).toFixed(0)} ms`,
  ];
}

async function p95(ask: (path: string) => Promise<unknown>, path: string): Promise<number> {
  const took: number[] = [];
  for (let time = 0; time < TIMES; time += 1) {
    const from = performance.now();
    await ask(path);
    took.push(msSince(from));
  }
  took.sort((one, other) => one - other);
  return took[Math.ceil(0.95 * TIMES) - 1] ?? 0;
}
