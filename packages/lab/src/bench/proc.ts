import { readFile } from 'node:fs/promises';

/** What the kernel knows of a process. */
export interface ProcessFigures {
  /** User and system time (proc_pid_stat(5)). */
  readonly cpuMs: number;
  /** The same of programs that it started, and that have ended. */
  readonly endedCpuMs: number;
  readonly rssMb: number;
  /** Private memory (`RssAnon`). */
  readonly rssAnonMb: number;
}

/** Linux reports these times in hundredths of a second, whatever the kernel's tick is (`USER_HZ`). */
const MS_PER_TICK = 10;

function statusMb(status: string, name: string): number {
  const kilobytes = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1];
  if (kilobytes === undefined) throw new Error(`/proc/PID/status has no ${name}`);
  return (Number(kilobytes) * 1024) / 1e6;
}

export async function readProcess(pid: number): Promise<ProcessFigures> {
  const [stat, status] = await Promise.all([
    readFile(`/proc/${pid}/stat`, 'utf8'),
    readFile(`/proc/${pid}/status`, 'utf8'),
  ]);
  // The name in parentheses may hold spaces; what follows it is field 3 and on.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  const endedTicks = Number(fields[13]) + Number(fields[14]);
  return {
    cpuMs: ticks * MS_PER_TICK,
    endedCpuMs: endedTicks * MS_PER_TICK,
    rssMb: statusMb(status, 'VmRSS'),
    rssAnonMb: statusMb(status, 'RssAnon'),
  };
}
