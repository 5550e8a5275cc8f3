import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { type BenchHost, openBenchHost } from './bench-host.ts';
import { mirrorOfThisMachine } from './listed-root.ts';
import { measureListings } from './listings.ts';
import { manyPacmanRoot, manyRpmRoots } from './many-packages.ts';
import type { MemoryPart } from './memory-map.ts';
import { unpackAgent } from './packaged-agent.ts';
import type { Benchmark, Measurement } from './report.ts';
import { measureStartAndMemory } from './start-and-memory.ts';

/** A row for each part; what is not anonymous comes from files and is shared with other processes of the same program. */
function tableOf(parts: readonly MemoryPart[]): string[] {
  const mb = (value: number): string => value.toFixed(1);
  return [
    '| Part of the agent, quiet after load | Mappings | In RAM, MB | Of it private, MB |',
    '|---|---|---|---|',
    ...parts.map(
      (part) => `| ${part.what} | ${part.mappings} | ${mb(part.rssMb)} | ${mb(part.anonymousMb)} |`,
    ),
  ];
}

type Say = (line: string) => void;

async function measureAgent(folder: string, say: Say) {
  say('Building the package of the agent');
  const root = await mirrorOfThisMachine(join(folder, 'host'));
  const host = await openBenchHost(root.folder, await unpackAgent(join(folder, 'package')));
  const { rows, parts } = await measureStartAndMemory(host, say);
  const lists = await stat('/var/lib/apt/lists').catch(() => undefined);
  if (!lists) say('This machine has no lists of apt, so listings are not measured.');
  const listings: readonly Measurement[] = lists ? await measureListings(root, host, say) : [];
  return { rows: [...rows, ...listings], parts };
}

/** The benchmark of the packaged agent: start, memory, and listings of this machine's packages. */
export const AGENT_BENCHMARK: Benchmark = {
  name: 'agent',
  about:
    "The agent from its package, with the environment of its unit, in a root with this machine's packages.",
  async measure(folder, say) {
    const { rows, parts } = await measureAgent(folder, say);
    return { rows, more: ['', ...tableOf(parts)] };
  },
};

/** Packages of a package manager, which this machine does not have as its own. */
export const LISTINGS_BENCHMARK: Benchmark = {
  name: 'listings',
  about:
    'The agent from its package, in roots with 1,500 packages and 150 updates, half of which mend faults, beside the programs of Debian 12.',
  async measure(folder, say) {
    if (process.getuid?.() !== 0)
      throw new Error('The listings of dnf, zypper and pacman are measured as root.');
    say('Building the package of the agent, and packages');
    const agent = await unpackAgent(join(folder, 'package'));
    await using rpms = await manyRpmRoots(folder);
    await using arch = await manyPacmanRoot(join(folder, 'pacman'));
    const rows: Measurement[] = [];
    for (const root of [...rpms.roots, arch.root]) {
      const host: BenchHost = await openBenchHost(root.folder, agent);
      const own = await measureListings(root, host, say);
      rows.push(...own.map((row) => ({ ...row, what: `${root.name}: ${row.what}` })));
    }
    return { rows };
  },
};
