import process from 'node:process';
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { ProcessMemory } from '../memory.ts';

type Collect = (options: { readonly type: 'major'; readonly flavor: 'last-resort' }) => void;

/**
 * The engine's own function to collect. A new context gets it while the flag is set; it is not set at the start, where the
 * engine would refuse the compiled form of everything that Node itself is made of.
 */
function collector(): Collect {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as Collect;
  setFlagsFromString('--no-expose-gc');
  return collect;
}

/** The memory of this process. */
export function processMemory(): ProcessMemory {
  let collect: Collect | undefined;
  return {
    heldBytes() {
      const { used_heap_size: used, external_memory: external } = getHeapStatistics();
      return used + external;
    },
    cpuMs() {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1_000;
    },
    collect() {
      collect ??= collector();
      // Only this flavour gives young space back as well.
      collect({ type: 'major', flavor: 'last-resort' });
    },
  };
}
