import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { MANAGER_PROGRAM } from '../../checkout.ts';
import type { ManagerProcess } from '../../manager-process.ts';
import { waitingHost } from '../../waiting-host.ts';
import type { AttackCase } from '../attack-case.ts';

/** What everybody on the machine sees of the programs that run, as ps(1) does. */
async function processList(): Promise<string> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(
    pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')),
  );
  return lines.join('\n');
}

interface Approval {
  /** The program and its arguments. */
  readonly command: readonly string[];
  /** When its output has this, the code is given, and the process list is looked at before and after. */
  readonly until: string;
  readonly code: string;
  readonly input: string;
}

async function approve({ command, until, code, input }: Approval): Promise<void> {
  const [program = '', ...args] = command;
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  const asked = Promise.withResolvers<void>();
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      if (said.includes(until)) asked.resolve();
    });
  }
  const ended = once(child, 'close') as Promise<[number | null]>;
  void ended.then(([exitCode]) => asked.reject(new Error(`ended with ${exitCode} before it asked: ${said}`)));
  if (until !== '') await asked.promise;
  const seen = [await processList()];
  child.stdin.write(input);
  if (!input.endsWith('\n') || until === '') child.stdin.end();
  seen.push(await processList());
  const [exitCode] = await ended;
  if (exitCode !== 0) throw new Error(`${command.slice(1).join(' ')} ended with ${exitCode}: ${said}`);
  if (seen.some((list) => list.includes(code)))
    throw new Error(`the code is in the process list: ${command.join(' ')}`);
}

function approving(manager: ManagerProcess, id: string, ...code: string[]): string[] {
  return [MANAGER_PROGRAM, '--root', manager.root, 'enrollments', 'approve', id, ...code];
}

export const PROCESS_LIST: AttackCase = {
  name: 'c13-process-list',
  tried:
    'An unprivileged account on the machine of the manager reads the process list while a host is approved with its code.',
  now: 'The code is typed when it is asked for, or read from standard input, and no process has it among its arguments; one that was given as an argument all the same is taken out at once, with a warning.',
  async run(world) {
    const manager = await world.manager();
    const ways = [
      // script(1) gives the program a terminal to ask on.
      (id: string, code: string) => ({
        command: ['script', '-qec', approving(manager, id).join(' '), '/dev/null'],
        until: 'Host code',
        input: `${code}\n`,
      }),
      (id: string, code: string) => ({
        command: approving(manager, id, '--code', '-'),
        until: '',
        input: code,
      }),
      (id: string, code: string) => ({
        command: approving(manager, id, '--code', code),
        until: 'is in the process list',
        input: '',
      }),
    ];
    for (const way of ways) {
      const host = await world.host(manager);
      world.use(host.start());
      const { request_id: id, host_code: code } = await waitingHost(host);
      await approve({ ...way(id, code), code });
    }
    return `${ways.length} approvals, no code in any argument list`;
  },
};
