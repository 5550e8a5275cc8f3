import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '@linux-patch/runtime/testing';
import { createPrivateAptRoot, type PrivateAptRoot } from './apt/private-root.ts';
import type { ToyRepository } from './apt/repository.ts';
import { AGENT_PROGRAM } from './checkout.ts';
import { type ProgramResult, type RunningProgram, runProgram, startProgram } from './process.ts';
import { askUntil, waitFor } from './wait.ts';

/** What `linux-patch-api status --json` says, as far as the lab reads it. */
export interface AgentStatus {
  readonly identity: { readonly status: string; readonly serial: string | null };
  readonly renewal: {
    readonly due_at: string;
    readonly next_attempt_at: string | null;
    readonly last_error: string | null;
  } | null;
  readonly enrollment: {
    readonly state: string;
    readonly host_code: string | null;
    readonly key_id: string | null;
    readonly last_error: string | null;
  } | null;
}

/** A host: a folder that plays the root of a machine, with a private apt root and an agent's configuration. */
export interface LabHost {
  readonly name: string;
  readonly root: string;
  readonly address: string;
  readonly port: number;
  readonly apt: PrivateAptRoot;
  readonly configFile: string;
  /** Replaces the agent's configuration. */
  configure(text: string): Promise<void>;
  /** Runs the agent's program with these arguments to its end. */
  run(...args: string[]): Promise<ProgramResult>;
  status(): Promise<AgentStatus>;
  /** The host code, as an administrator reads it on the host. */
  hostCode(): Promise<string>;
  /** Starts the agent as a service would, or with arguments of a command. */
  start(options?: StartOptions): AgentProcess;
}

export interface StartOptions {
  readonly args?: readonly string[];
  readonly onLine?: (line: string) => void;
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** A program and its arguments that starts the agent, for example in a namespace of its own. */
  readonly through?: readonly string[];
  /** The agent itself; by default this checkout's. */
  readonly program?: readonly string[];
}

/** A running agent. */
export interface AgentProcess extends RunningProgram {
  /** Resolves when the agent has bound its port; rejects when it ends before. */
  readonly listening: Promise<void>;
  /** Resolves with the first log line, present or future, that contains the text. */
  logged(text: string): Promise<string>;
}

export interface LabHostOptions {
  readonly root: string;
  readonly name: string;
  /** Loopback address of its own, as a machine would have. */
  readonly address: string;
  readonly repository: ToyRepository;
  readonly packages?: readonly string[];
  /** Lines of the `enrollment` section, for example `manager_url: https://…`. */
  readonly enrollment?: readonly string[];
}

/** Makes a host with old package versions installed. */
export async function createLabHost(options: LabHostOptions): Promise<LabHost> {
  const { root, name, address } = options;
  await mkdir(join(root, 'etc/linux_patch_api'), { recursive: true });
  const apt = await createPrivateAptRoot({ folder: root, repository: options.repository });
  await apt.update();
  if (options.packages?.length) await apt.install([...options.packages]);
  const port = await freePort(address);
  const configFile = join(root, 'etc/linux_patch_api/config.yaml');
  await writeFile(join(root, 'etc/hostname'), `${name}\n`);
  await writeFile(join(root, 'etc/machine-id'), `${machineIdOf(name)}\n`);
  await writeFile(configFile, configText(address, port, options.enrollment ?? []));
  return labHost({ name, root, address, port, apt, configFile });
}

/** 32 hexadecimal digits that differ for different names (machine-id(5)). */
function machineIdOf(name: string): string {
  return Buffer.from(name.padEnd(16, '.')).toString('hex').slice(0, 32);
}

function configText(address: string, port: number, enrollment: readonly string[]): string {
  const section = enrollment.length > 0 ? ['enrollment:', ...enrollment.map((line) => `  ${line}`)] : [];
  return [
    '# A comment of the administrator, which must survive.',
    ...section,
    'server:',
    `  bind: ${address}  # loopback only`,
    `  port: ${port}`,
    '',
  ].join('\n');
}

function labHost(host: Pick<LabHost, 'name' | 'root' | 'address' | 'port' | 'apt' | 'configFile'>): LabHost {
  const run = (...args: string[]): Promise<ProgramResult> =>
    runProgram(AGENT_PROGRAM, ['--root', host.root, ...args]);
  const status = async (): Promise<AgentStatus> => {
    const result = await run('status', '--json');
    if (result.exitCode === 1) throw new Error(`status of ${host.name} failed: ${result.stderr}`);
    return JSON.parse(result.stdout) as AgentStatus;
  };
  return {
    ...host,
    configure: (text) => writeFile(host.configFile, text),
    run,
    status,
    hostCode: () =>
      askUntil(
        `the host code of ${host.name}`,
        async () => (await status()).enrollment?.host_code ?? undefined,
      ),
    start: (options) => startAgent(host, options),
  };
}

interface LineWaiter {
  readonly text: string;
  readonly resolve: (line: string) => void;
  readonly reject: (error: Error) => void;
}

function startAgent(
  host: Pick<LabHost, 'name' | 'root'>,
  { args = [], onLine, env = {}, through = [], program: agent = [AGENT_PROGRAM] }: StartOptions = {},
): AgentProcess {
  const lines: string[] = [];
  const waiters = new Set<LineWaiter>();
  const [command, ...before] = [...through, ...agent];
  const program = startProgram({
    program: command ?? AGENT_PROGRAM,
    args: [...before, '--root', host.root, ...args],
    env,
    logFile: join(host.root, 'agent.log'),
    onLine: (line) => {
      lines.push(line);
      for (const waiter of waiters) if (line.includes(waiter.text)) waiter.resolve(line);
      onLine?.(line);
    },
  });
  void program.exited.then((code) => {
    const ended = new Error(`the agent of ${host.name} ended with ${code}: ${lines.slice(-5).join(' | ')}`);
    for (const waiter of waiters) waiter.reject(ended);
  });
  const logged = (text: string): Promise<string> => {
    const seen = lines.find((line) => line.includes(text));
    if (seen !== undefined) return Promise.resolve(seen);
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    waiters.add({ text, resolve, reject });
    return waitFor(`${host.name} to log "${text}"`, promise);
  };
  const listening = logged('Listening on').then(() => {});
  // A test that expects the agent to end does not wait for this.
  listening.catch(() => {});
  return { ...program, [Symbol.asyncDispose]: () => program[Symbol.asyncDispose](), listening, logged };
}
