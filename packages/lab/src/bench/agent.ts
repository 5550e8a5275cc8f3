import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { openBenchHost } from './bench-host.ts';
import { measureListings } from './listings.ts';
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

async function measure(folder: string, say: (line: string) => void) {
  say('Building the package of the agent');
  const host = await openBenchHost(folder, await unpackAgent(join(folder, 'package')));
  const { rows, parts } = await measureStartAndMemory(host, say);
  const lists = await stat('/var/lib/apt/lists').catch(() => undefined);
  if (!lists) say('This machine has no lists of apt, so listings are not measured.');
  const listings: readonly Measurement[] = lists ? await measureListings(host, say) : [];
  return { rows: [...rows, ...listings], parts };
}

/** The benchmark of the packaged agent: start, memory, and listings of this machine's packages. */
export const AGENT_BENCHMARK: Benchmark = {
  name: 'agent',
  about:
    "The agent from its package, with the environment of its unit, in a root with this machine's packages.",
  async measure(folder, say) {
    const { rows, parts } = await measure(folder, say);
    return { rows, more: ['', ...tableOf(parts)] };
  },
};
