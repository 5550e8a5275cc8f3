import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MANAGER_PROGRAM } from './checkout.ts';
import { freePort } from './ports.ts';
import { type RunningProgram, runProgram, startProgram } from './process.ts';
import { waitFor } from './wait.ts';

/** A real manager in a folder of its own, driven through its command line. */
export interface ManagerProcess extends AsyncDisposable {
  readonly root: string;
  readonly url: string;
  readonly caFingerprint: string;
  readonly program: RunningProgram;
  /** Runs a command and returns its JSON; a failing command throws with its own words. */
  json(...args: string[]): Promise<unknown>;
  /** Runs a command and hands its output lines on as they come; returns the exit code. */
  show(onLine: (line: string) => void, ...args: string[]): Promise<number | null>;
}

async function cli(root: string, args: readonly string[]): Promise<string> {
  const result = await runProgram(MANAGER_PROGRAM, ['--root', root, ...args]);
  if (result.exitCode !== 0) {
    throw new Error(
      `linux-patch-manager ${args.join(' ')} ended with ${result.exitCode}: ${result.stderr || result.stdout}`,
    );
  }
  return result.stdout;
}

/** Makes a manager (CA, certificates, database) under `root` and starts it on a free loopback port. */
export async function startManagerProcess(root: string): Promise<ManagerProcess> {
  const port = await freePort();
  const url = `https://127.0.0.1:${port}`;
  await mkdir(join(root, 'etc/linux_patch_manager'), { recursive: true });
  await writeFile(
    join(root, 'etc/linux_patch_manager/config.yaml'),
    `server:\n  bind: 127.0.0.1\n  port: ${port}\n  url: ${url}\n  names: [localhost, 127.0.0.1]\n`,
  );
  const initialised = JSON.parse(await cli(root, ['init', '--json'])) as { ca_fingerprint: string };
  const listening = Promise.withResolvers<void>();
  const program = startProgram({
    program: MANAGER_PROGRAM,
    args: ['--root', root, 'serve'],
    logFile: join(root, 'manager.log'),
    onLine: (line) => {
      if (line.includes('Listening on')) listening.resolve();
    },
  });
  void program.exited.then((code) =>
    listening.reject(new Error(`the manager ended with ${code}; see ${program.logFile}`)),
  );
  await waitFor('the manager to listen', listening.promise);
  return {
    root,
    url,
    caFingerprint: initialised.ca_fingerprint,
    program,
    json: async (...args) => JSON.parse(await cli(root, [...args, '--json'])) as unknown,
    async show(onLine, ...args) {
      const running = startProgram({
        program: MANAGER_PROGRAM,
        args: ['--root', root, ...args],
        logFile: join(root, 'commands.log'),
        onLine,
      });
      return running.exited;
    },
    [Symbol.asyncDispose]: () => program[Symbol.asyncDispose](),
  };
}
