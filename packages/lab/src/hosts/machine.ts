import { readdir, readFile, readlink } from 'node:fs/promises';
import { runProgram } from '../process.ts';

/** inotify instances of a booted host: its init, journal, bus, timers, name services and our programs. */
const INSTANCES_A_HOST = 7;
/** Memory of a booted host with our programs, and what it writes to its disk in memory. */
const MEGABYTES_A_HOST = 350;

/** What a run wants of the machine. */
export interface LabNeeds {
  /** Hosts that are up at the same time, at most. */
  readonly hosts: number;
  /** Beginning of the names of its network namespaces. */
  readonly prefix: string;
}

/** What the machine has. */
export interface MachineFacts {
  /** `fs.inotify.max_user_instances` less what root uses (inotify(7)). */
  readonly inotifyInstances: number;
  /** `MemAvailable` (proc_meminfo(5)). */
  readonly availableMegabytes: number;
  readonly namespaces: readonly string[];
}

/** What the machine lacks for a run, in sentences with what to do; empty when nothing. */
export function lacking(needs: LabNeeds, facts: MachineFacts): string[] {
  const instances = needs.hosts * INSTANCES_A_HOST;
  const megabytes = needs.hosts * MEGABYTES_A_HOST;
  const taken = facts.namespaces.filter((name) => name.startsWith(needs.prefix));
  return [
    ...(facts.inotifyInstances < instances
      ? [
          `${needs.hosts} hosts at a time need ${instances} inotify instances, and root has ${facts.inotifyInstances} left: ` +
            "without them a host's services never start. Close what watches files, or run 'sysctl fs.inotify.max_user_instances=1024'.",
        ]
      : []),
    ...(facts.availableMegabytes < megabytes
      ? [
          `${needs.hosts} hosts at a time need ${megabytes} MB of memory, and ${facts.availableMegabytes} MB are available: ` +
            'run fewer cases, for example "npm run lab -- debian12 joining".',
        ]
      : []),
    ...(taken.length > 0
      ? [
          `The network namespaces ${taken.join(', ')} exist, left by an earlier run: ` +
            `remove each with 'ip netns del NAME', then try again.`,
        ]
      : []),
  ];
}

async function usedInstances(): Promise<number> {
  let used = 0;
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
    if (!/^Uid:\s+0\s/m.test(status)) continue;
    const open = await readdir(`/proc/${pid}/fd`).catch(() => []);
    const targets = await Promise.all(open.map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')));
    used += targets.filter((target) => target === 'anon_inode:inotify').length;
  }
  return used;
}

/** Looks at this machine. As root: other people's processes cannot be counted. */
export async function readMachine(): Promise<MachineFacts> {
  const limit = Number(await readFile('/proc/sys/fs/inotify/max_user_instances', 'utf8'));
  const memory = await readFile('/proc/meminfo', 'utf8');
  const { stdout } = await runProgram('ip', ['netns', 'list']);
  return {
    inotifyInstances: limit - (await usedInstances()),
    availableMegabytes: Math.round(Number(/^MemAvailable:\s+(\d+) kB/m.exec(memory)?.[1]) / 1024),
    namespaces: stdout.split('\n').flatMap((line) => line.split(' ')[0] || []),
  };
}
