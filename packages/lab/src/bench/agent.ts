import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openBenchHost } from './bench-host.ts';
import { measureListings } from './listings.ts';
import { machine } from './machine.ts';
import type { MemoryPart } from './memory-map.ts';
import { unpackAgent } from './packaged-agent.ts';
import { isMissed, keepReport, type Measurement, rowOf, TABLE_HEAD } from './report.ts';
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

/** The benchmark of the packaged agent: start, memory, and listings of this machine's packages; the exit code. */
export async function benchAgent(options: {
  readonly write: boolean;
  readonly say: (line: string) => void;
}): Promise<number> {
  const { say } = options;
  const folder = await mkdtemp(join(tmpdir(), 'linux-patch-bench-'));
  try {
    const { rows, parts } = await measure(folder, say);
    const report = [
      `Machine: ${machine()}. The agent from its package, with the environment of its unit, in a root with this machine's packages. ${new Date().toISOString().slice(0, 10)}.`,
      '',
      TABLE_HEAD,
      ...rows.map(rowOf),
      '',
      ...tableOf(parts),
    ].join('\n');
    say(`\n${report}\n`);
    if (options.write) await keepReport('agent', report);
    const missed = rows.filter(isMissed);
    say(missed.length === 0 ? 'bench:agent ok' : `bench:agent: ${missed.map((one) => one.what).join('; ')}`);
    return missed.length === 0 ? 0 : 1;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
