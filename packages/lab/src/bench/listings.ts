import { Agent } from 'node:https';
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import type { BenchHost } from './bench-host.ts';
import type { Against, ListedRoot, TypedCommand } from './listed-root.ts';
import { readProcess } from './proc.ts';
import { type Measurement, percentile } from './report.ts';

const TURNS = 9;
const STARTS = 3;
const LISTINGS = ['packages', 'patches'] as const;
type Listing = (typeof LISTINGS)[number];

const median = (values: readonly number[]): number => percentile(values, 0.5);

/** What one answer took. */
interface Cost {
  readonly ms: number;
  /** Of a program and of what it starts. The kernel counts in hundredths of a second, so that only a sum over turns says something. */
  readonly cpuMs: number;
}

const timeOf = (costs: readonly Cost[]): number => median(costs.map(({ ms }) => ms));
const processorOf = (costs: readonly Cost[]): number =>
  costs.reduce((sum, { cpuMs }) => sum + cpuMs, 0) / costs.length;

async function costOf(pid: number, work: () => Promise<unknown>): Promise<Cost> {
  const whole = async (): Promise<number> => {
    const { cpuMs, endedCpuMs } = await readProcess(pid);
    return pid === process.pid ? endedCpuMs : cpuMs + endedCpuMs;
  };
  const before = await whole();
  const startedMs = performance.now();
  await work();
  const ms = performance.now() - startedMs;
  return { ms, cpuMs: (await whole()) - before };
}

async function runTyped({ shown, run, ends = [0] }: TypedCommand): Promise<void> {
  const { exitCode, stderr } = await run();
  if (!ends.includes(exitCode ?? -1)) throw new Error(`${shown} ended with ${exitCode}: ${stderr}`);
}

type Costs = Record<Listing, Cost[]>;
const noCosts = (): Costs => ({ packages: [], patches: [] });

/** Both listings, and an answer that costs nothing but a first connection; each after a start of its own. */
async function measureAfterStart(host: BenchHost): Promise<Costs & { readonly health: Cost[] }> {
  const costs = { ...noCosts(), health: [] as Cost[] };
  const paths = { packages: '/api/v1/packages', patches: '/api/v1/patches', health: '/health' };
  for (let start = 0; start < STARTS; start += 1) {
    for (const what of ['packages', 'patches', 'health'] as const) {
      const { program } = await host.startAgent();
      await using running = program;
      costs[what].push(await costOf(running.pid, () => host.get(paths[what])));
    }
  }
  return costs;
}

async function measureTurns({ commands, change }: ListedRoot, host: BenchHost) {
  const { program } = await host.startAgent();
  await using running = program;
  using connections = connectionsOf();
  const get = (listing: string) => host.get(`/api/v1/${listing}`, connections.agent);
  const [current, changed] = [noCosts(), noCosts()];
  const theirs = new Map(Object.keys(commands).map((name) => [name, [] as Cost[]]));
  // The first of each finds nothing that an earlier one left.
  for (const listing of LISTINGS) await get(listing);
  // In turn, so that what else the machine does falls on all.
  for (let turn = 0; turn < TURNS; turn += 1) {
    for (const listing of LISTINGS) {
      await change();
      changed[listing].push(await costOf(running.pid, () => get(listing)));
      current[listing].push(await costOf(running.pid, () => get(listing)));
    }
    for (const [name, command] of Object.entries(commands)) {
      await change();
      theirs.get(name)?.push(await costOf(process.pid, () => runTyped(command)));
    }
  }
  const totalOf = async (listing: string): Promise<number> =>
    (JSON.parse((await get(listing)).body.toString()) as { data: { total: number } }).data.total;
  const totals = { installed: await totalOf('packages'), pending: await totalOf('patches') };
  return { current, changed, theirs, totals };
}

function connectionsOf(): { readonly agent: Agent } & Disposable {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  return { agent, [Symbol.dispose]: () => agent.destroy() };
}

/** `GET /packages` and `GET /patches` of the agent beside the commands of the package manager in the same root. */
export async function measureListings(
  root: ListedRoot,
  host: BenchHost,
  say: (line: string) => void,
): Promise<readonly Measurement[]> {
  const { current, changed, theirs, totals } = await measureTurns(root, host);
  const afterStart = await measureAfterStart(host);
  const { name, commands, bars } = root;
  say(
    `Listings of ${name}: ${totals.installed} packages installed, ${totals.pending} updates pending, median of ${TURNS}`,
  );
  const costsOf = (command: string): readonly Cost[] => theirs.get(command) ?? [];
  const rows = Object.entries(commands).map(([command, { shown }]) =>
    rowOf(`\`${shown}\``, costsOf(command)),
  );
  const multiple = (costs: readonly Cost[], { command, limit, shownOnlyBecause }: Against): Measurement => {
    const [beside, shown] = [costsOf(command), commands[command]?.shown];
    const why = shownOnlyBecause === undefined ? {} : { shownOnlyBecause };
    const processor = (processorOf(costs) / processorOf(beside)).toPrecision(2);
    return {
      what: `… as a multiple of \`${shown}\` (${processor} × of its processor time)`,
      value: timeOf(costs) / timeOf(beside),
      unit: '×',
      ...(limit === undefined ? {} : { bar: { limit, side: 'below', ...why } }),
    };
  };
  const against = (what: string, costs: readonly Cost[], all: readonly Against[]) => [
    rowOf(what, costs),
    ...all.map((one) => multiple(costs, one)),
  ];
  return [
    ...rows,
    ...against('`GET /packages`, nothing changed', current.packages, [bars.current]),
    ...against('`GET /patches`, nothing changed', current.patches, [bars.current]),
    ...against('`GET /packages`, the state changed', changed.packages, bars.packages),
    ...against('`GET /patches`, the state changed', changed.patches, bars.patches),
    rowOf('`GET /health`, first after a start', afterStart.health),
    ...against('`GET /packages`, first after a start', afterStart.packages, [bars.current]),
    ...against('`GET /patches`, first after a start', afterStart.patches, [bars.current]),
  ];
}

/** The time of one, and what it and all that it starts take of a processor. */
function rowOf(what: string, costs: readonly Cost[]): Measurement {
  return {
    what: `${what} (processor: ${Math.round(processorOf(costs))} ms)`,
    value: timeOf(costs),
    unit: 'ms',
  };
}
