import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';

/** What a part of a process takes in RAM. */
export interface MemoryPart {
  readonly what: string;
  readonly mappings: number;
  readonly rssMb: number;
  /** Not backed by a file. */
  readonly anonymousMb: number;
}

/** Of one mapping of /proc/PID/smaps (proc_pid_smaps(5)). */
interface Mapping {
  readonly permissions: string;
  readonly path: string;
  readonly sizeKb: number;
  readonly rssKb: number;
  readonly anonymousKb: number;
}

const HEAD = /^[\da-f]+-[\da-f]+ (\S{4}) \S+ \S+ \S+ *(.*)$/;

export function parseMappings(smaps: string): Mapping[] {
  const blocks = smaps.split(/^(?=[\da-f]+-[\da-f]+ \S{4} )/m).filter((block) => block !== '');
  return blocks.map((block) => {
    const [, permissions = '', path = ''] = HEAD.exec(block.split('\n', 1)[0] ?? '') ?? [];
    const kilobytes = (name: string): number =>
      Number(new RegExp(`^${name}: +(\\d+) kB$`, 'm').exec(block)?.[1] ?? 0);
    return {
      permissions,
      path,
      sizeKb: kilobytes('Size'),
      rssKb: kilobytes('Rss'),
      anonymousKb: kilobytes('Anonymous'),
    };
  });
}

/** The size of a thread's stack as the C library and Node make them; what else is that large is told apart by chance. */
const STACK_KB = new Set([8_192, 4_096, 1_024]);

/** What a mapping is, as far as it shows from outside. */
export function nameOf({ permissions, path, sizeKb }: Mapping): string {
  if (path === '[heap]') return 'heap of the C library';
  if (path === '[stack]' || (path === '' && permissions.startsWith('rw-') && STACK_KB.has(sizeKb)))
    return 'stacks of threads';
  if (path.startsWith('[')) return 'kernel pages';
  if (path === '') return permissions.includes('x') ? 'compiled code' : 'heap of the engine, buffers, arenas';
  if (basename(path) !== 'node') return 'libraries';
  if (permissions.includes('x')) return 'program text of Node';
  return permissions.includes('w') ? 'data of Node' : 'constants of Node, with the built-in snapshot';
}

/** The parts of a process, largest first. */
export async function memoryMap(pid: number): Promise<MemoryPart[]> {
  const parts = new Map<string, { mappings: number; rssKb: number; anonymousKb: number }>();
  for (const mapping of parseMappings(await readFile(`/proc/${pid}/smaps`, 'utf8'))) {
    const part = parts.getOrInsertComputed(nameOf(mapping), () => ({
      mappings: 0,
      rssKb: 0,
      anonymousKb: 0,
    }));
    part.mappings += 1;
    part.rssKb += mapping.rssKb;
    part.anonymousKb += mapping.anonymousKb;
  }
  const mb = (kilobytes: number): number => (kilobytes * 1024) / 1e6;
  return [...parts]
    .map(([what, { mappings, rssKb, anonymousKb }]) => ({
      what,
      mappings,
      rssMb: mb(rssKb),
      anonymousMb: mb(anonymousKb),
    }))
    .sort((one, other) => other.rssMb - one.rssMb);
}
