import { appendFile } from 'node:fs/promises';
import { Agent } from 'node:https';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { must } from '../process.ts';
import { type BenchHost, STATUS } from './bench-host.ts';
import { type Measurement, percentile } from './report.ts';

const TURNS = 9;
const STARTS = 3;

/** What an administrator would type instead. */
const COMMANDS = {
  query: ['dpkg-query', '-W'],
  installed: ['apt', 'list', '--installed'],
  upgradable: ['apt', 'list', '--upgradable'],
  simulated: ['apt-get', '-s', 'dist-upgrade'],
} as const;
type CommandName = keyof typeof COMMANDS;

const median = (values: readonly number[]): number => percentile(values, 0.5);

/** An empty line changes time and size, and nothing else: what a job of dpkg does to the caches. */
function change(host: BenchHost): Promise<void> {
  return appendFile(join(host.apt.folder, STATUS), '\n');
}

async function timeOf(host: BenchHost, name: CommandName): Promise<number> {
  const [program, ...args] = COMMANDS[name];
  await change(host);
  const startedMs = performance.now();
  must(await host.apt.run(program, args), program);
  return performance.now() - startedMs;
}

interface Samples {
  readonly packages: number[];
  readonly patches: number[];
}
const noSamples = (): Samples => ({ packages: [], patches: [] });

/** Both listings, and an answer that costs nothing but a first connection; each after a start of its own. */
async function measureAfterStart(host: BenchHost): Promise<Samples & { readonly health: number[] }> {
  const samples = { ...noSamples(), health: [] as number[] };
  const paths = { packages: '/api/v1/packages', patches: '/api/v1/patches', health: '/health' };
  for (let start = 0; start < STARTS; start += 1) {
    for (const what of ['packages', 'patches', 'health'] as const) {
      const { program } = await host.startAgent();
      await using _running = program;
      samples[what].push((await host.get(paths[what])).ms);
    }
  }
  return samples;
}

async function measureTurns(host: BenchHost) {
  const { program } = await host.startAgent();
  await using _running = program;
  using connections = connectionsOf();
  const get = (listing: string) => host.get(`/api/v1/${listing}`, connections.agent);
  const current = noSamples();
  const changed = noSamples();
  const commands = { query: [], installed: [], upgradable: [], simulated: [] } as Record<
    CommandName,
    number[]
  >;
  // In turn, so that what else the machine does falls on all.
  for (let turn = 0; turn < TURNS; turn += 1) {
    for (const listing of ['packages', 'patches'] as const) {
      await change(host);
      changed[listing].push((await get(listing)).ms);
      current[listing].push((await get(listing)).ms);
    }
    for (const name of Object.keys(COMMANDS) as CommandName[]) commands[name].push(await timeOf(host, name));
  }
  const totalOf = async (listing: string): Promise<number> =>
    (JSON.parse((await get(listing)).body.toString()) as { data: { total: number } }).data.total;
  return {
    current,
    changed,
    commands,
    installed: await totalOf('packages'),
    pending: await totalOf('patches'),
  };
}

function connectionsOf(): { readonly agent: Agent } & Disposable {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  return { agent, [Symbol.dispose]: () => agent.destroy() };
}

/** `GET /packages` and `GET /patches` of the agent beside the commands of apt and dpkg in the same root. */
export async function measureListings(
  host: BenchHost,
  say: (line: string) => void,
): Promise<readonly Measurement[]> {
  const { current, changed, commands, installed, pending } = await measureTurns(host);
  const afterStart = await measureAfterStart(host);
  say(`Listings: ${installed} packages installed, ${pending} updates pending, median of ${TURNS}`);
  const their = (name: CommandName): number => median(commands[name]);
  const rows = (Object.keys(COMMANDS) as CommandName[]).map(
    (name): Measurement => ({ what: `\`${COMMANDS[name].join(' ')}\``, value: their(name), unit: 'ms' }),
  );
  const against = (what: string, samples: readonly number[], name: CommandName, limit: number) => [
    { what, value: median(samples), unit: 'ms' },
    {
      what: `… as a multiple of \`${COMMANDS[name].join(' ')}\``,
      value: median(samples) / their(name),
      unit: '×',
      bar: { limit, side: 'below' as const },
    },
  ];
  return [
    ...rows,
    ...against('`GET /packages`, nothing changed', current.packages, 'query', 1),
    ...against('`GET /patches`, nothing changed', current.patches, 'query', 1),
    ...against('`GET /packages`, the state changed', changed.packages, 'installed', 0.5),
    ...against('`GET /patches`, the state changed', changed.patches, 'upgradable', 1),
    { what: '`GET /health`, first after a start', value: median(afterStart.health), unit: 'ms' },
    ...against('`GET /packages`, first after a start', afterStart.packages, 'query', 1),
    ...against('`GET /patches`, first after a start', afterStart.patches, 'query', 1),
  ];
}
