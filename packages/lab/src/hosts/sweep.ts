import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { runProgram } from '../process.ts';

/** Names a run's folder so that a later run can tell whether its process is still there. */
export function runFolderName(pid: number): string {
  return `run-${pid}`;
}

async function isAlive(pid: number): Promise<boolean> {
  const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return line.includes('clean-host');
}

/** Ends the hosts of a world that nobody looks after any more, and gives back its mounts and namespaces. */
async function sweepWorld(world: string, name: string): Promise<void> {
  for (const host of (await readdir(world)).filter((entry) => !entry.includes('.'))) {
    const folder = join(world, host);
    const pid = Number(await readFile(`${folder}.pid`, 'utf8').catch(() => Number.NaN));
    const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (line.includes(folder)) process.kill(pid, 'SIGKILL');
    await runProgram('umount', ['--recursive', '--lazy', join(folder, 'root')]);
    await runProgram('umount', ['--lazy', folder]);
  }
  const { stdout } = await runProgram('ip', ['netns', 'list']);
  const namespaces = stdout.split('\n').map((line) => line.split(' ')[0] ?? '');
  for (const namespace of namespaces.filter((one) => one.startsWith(`${name}-`))) {
    await runProgram('ip', ['netns', 'del', namespace]);
  }
}

/** Gives back what runs left behind that were killed. @param cache folder of all runs */
export async function sweepDeadRuns(cache: string): Promise<void> {
  for (const name of await readdir(cache).catch(() => [])) {
    const pid = Number(/^run-(\d+)$/.exec(name)?.[1]);
    if (!(pid > 0) || (await isAlive(pid))) continue;
    const folder = join(cache, name);
    for (const world of await readdir(folder)) {
      if (/^lp\d+x\d+$/.test(world)) await sweepWorld(join(folder, world), world);
    }
    await rm(folder, { recursive: true, force: true });
  }
}
