import { Agent } from 'node:https';
import { setTimeout as pause } from 'node:timers/promises';
import type { BenchHost } from './bench-host.ts';
import { type MemoryPart, memoryMap } from './memory-map.ts';
import { type ProcessFigures, readProcess } from './proc.ts';
import { type Measurement, percentile } from './report.ts';

const PAIRS = 15;
const IDLE_RUNS = 3;
const IDLE_MS = 10_000;

const LOAD_S = 20;
const REQUESTS_PER_S = 50;
const HANDSHAKES = 60;
const QUIET_MS = 15_000;

const median = (values: readonly number[]): number => percentile(values, 0.5);

interface Start {
  readonly ms: number;
  readonly cpuMs: number;
}

/** A first start, after which there is what every later one finds: its worker has answered. */
async function startFirst(host: BenchHost): Promise<void> {
  const { program } = await host.startAgent();
  await using _running = program;
  const { body } = await host.get('/health');
  const { data } = JSON.parse(body.toString()) as { data: { instance_id?: string } };
  if (data.instance_id === undefined) throw new Error(`the worker did not answer: ${body.toString()}`);
}

async function startOnce(start: BenchHost['startAgent']): Promise<Start> {
  const { program, startMs } = await start();
  await using running = program;
  return { ms: startMs, cpuMs: (await readProcess(running.pid)).cpuMs };
}

/** Agent and bare server in turn, so that what else the machine does falls on both. */
async function measureStarts(host: BenchHost): Promise<Measurement[]> {
  const ours: Start[] = [];
  const bare: Start[] = [];
  await startFirst(host);
  for (let pair = 0; pair < PAIRS; pair += 1) {
    ours.push(await startOnce(host.startAgent));
    bare.push(await startOnce(host.startBareServer));
  }
  const times = ours.map(({ ms }, pair) => ms / (bare[pair]?.ms ?? Number.NaN));
  const of = (starts: readonly Start[], pick: (start: Start) => number) => median(starts.map(pick));
  return [
    { what: 'start of the agent until it listens', value: of(ours, (one) => one.ms), unit: 'ms' },
    { what: 'start of a bare mTLS server of the same Node', value: of(bare, (one) => one.ms), unit: 'ms' },
    {
      what: 'the first as a multiple of the second, pair by pair',
      value: median(times),
      unit: '×',
      bar: { limit: 2.4, side: 'below' },
    },
    { what: 'CPU of the agent until it listens', value: of(ours, (one) => one.cpuMs), unit: 'ms' },
    { what: 'CPU of the bare server', value: of(bare, (one) => one.cpuMs), unit: 'ms' },
  ];
}

async function idleFigures(start: BenchHost['startAgent']): Promise<ProcessFigures> {
  const { program } = await start();
  await using running = program;
  await pause(IDLE_MS);
  return await readProcess(running.pid);
}

function memoryRows(
  when: string,
  figures: readonly ProcessFigures[],
  bars?: { readonly rssAnonMb: number; readonly rssMb: number },
): Measurement[] {
  const row = (what: string, key: 'rssAnonMb' | 'rssMb'): Measurement => ({
    what: `${when}: ${what}`,
    value: median(figures.map((one) => one[key])),
    unit: 'MB',
    ...(bars ? { bar: { limit: bars[key], side: 'below' } } : {}),
  });
  return [row('private memory (RssAnon)', 'rssAnonMb'), row('memory in RAM (RSS)', 'rssMb')];
}

async function measureIdle(host: BenchHost): Promise<Measurement[]> {
  const ours: ProcessFigures[] = [];
  const bare: ProcessFigures[] = [];
  for (let count = 0; count < IDLE_RUNS; count += 1) {
    ours.push(await idleFigures(host.startAgent));
    bare.push(await idleFigures(host.startBareServer));
  }
  return [
    ...memoryRows(`agent, idle for ${IDLE_MS / 1000} s`, ours, { rssAnonMb: 24, rssMb: 75 }),
    ...memoryRows('bare server, idle', bare),
  ];
}

/** Requests at a steady pace over a few connections, and new connections between them; how long each answer took. */
async function load(host: BenchHost): Promise<number[]> {
  const connections = new Agent({ keepAlive: true, maxSockets: 4 });
  const answers: Promise<number>[] = [];
  const requests = LOAD_S * REQUESTS_PER_S;
  for (let count = 0; count < requests; count += 1) {
    answers.push(host.get('/health', connections).then(({ ms }) => ms));
    if (count % Math.ceil(requests / HANDSHAKES) === 0)
      answers.push(host.get('/health').then(({ ms }) => ms));
    await pause(1_000 / REQUESTS_PER_S);
  }
  const times = await Promise.all(answers);
  connections.destroy();
  return times;
}

async function measureLoad(host: BenchHost): Promise<{ rows: Measurement[]; parts: MemoryPart[] }> {
  const { program } = await host.startAgent();
  await using running = program;
  const times = await load(host);
  const loaded = await readProcess(running.pid);
  await pause(QUIET_MS);
  const quiet = await readProcess(running.pid);
  const rows: Measurement[] = [
    {
      what: `answer under ${REQUESTS_PER_S} requests a second, p99`,
      value: percentile(times, 0.99),
      unit: 'ms',
    },
    ...memoryRows('agent, at the end of the load', [loaded]),
    ...memoryRows(`agent, ${QUIET_MS / 1000} s later`, [quiet], { rssAnonMb: 26, rssMb: 82 }),
  ];
  return { rows, parts: await memoryMap(running.pid) };
}

/** How the agent starts, and what it takes when it is idle and after work. */
export async function measureStartAndMemory(
  host: BenchHost,
  say: (line: string) => void,
): Promise<{ readonly rows: readonly Measurement[]; readonly parts: readonly MemoryPart[] }> {
  say(`Start: ${PAIRS} pairs of agent and bare server`);
  const starts = await measureStarts(host);
  say(`Memory: ${IDLE_RUNS} times idle; ${LOAD_S} s of load`);
  const idle = await measureIdle(host);
  const { rows, parts } = await measureLoad(host);
  return { rows: [...starts, ...idle, ...rows], parts };
}
