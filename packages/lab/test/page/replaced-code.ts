import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, rm, rmdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Where systemd has its control groups: in a hierarchy of its own, in the second beside the first, or in the only one (cgroups(7)). */
const HIERARCHIES = ['/sys/fs/cgroup/systemd', '/sys/fs/cgroup/unified', '/sys/fs/cgroup'];

/** A program below the root of a host that runs as a service of this name does. */
export interface RunningProgram extends AsyncDisposable {
  /** Puts another file in its place, as an upgrade does; it runs on as it was. */
  replace(): Promise<void>;
}

export async function runAsService(root: string, service: string, path: string): Promise<RunningProgram> {
  await using stack = new AsyncDisposableStack();
  const file = join(root, path);
  await mkdir(dirname(file), { recursive: true });
  await copyFile('/bin/sleep', file);
  const group = join(HIERARCHIES.find((one) => existsSync(join(one, 'cgroup.procs'))) ?? '', service);
  await mkdir(group);
  stack.defer(() => rmdir(group));
  const program: ChildProcess = spawn(file, ['infinity'], { stdio: 'ignore' });
  const ended = once(program, 'exit');
  stack.defer(async () => {
    program.kill('SIGKILL');
    await ended;
  });
  await writeFile(join(group, 'cgroup.procs'), String(program.pid));
  const owned = stack.move();
  return {
    async replace() {
      await rm(file);
      await copyFile('/bin/sleep', file);
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
