import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { constants as fileFlags } from 'node:fs';
import { type FileHandle, mkdir, open, readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { freePort, temporaryFolder } from '@linux-patch/runtime/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildToyRepository, type ToyRepository } from '../src/apt/repository.ts';
import {
  type AgentProcess,
  createLabHost,
  type LabHost,
  MANAGER_PROGRAM,
  type ManagerProcess,
  runProgram,
  startManagerProcess,
} from '../src/index.ts';
import { makeOpensslIdentity } from '../src/openssl-identity.ts';
import { must, type RunningProgram, startProgram } from '../src/process.ts';
import { askUntil } from '../src/wait.ts';

/** Signals that mean nothing, or a reload, and must end nothing. */
const HARMLESS = ['SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGPIPE'] as const;
/** As under systemd, whose socket nobody hears here. */
const SUPERVISED = { INVOCATION_ID: 'a'.repeat(32) };

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let repository: ToyRepository;
let manager: ManagerProcess;
let hosts = 0;

beforeAll(async () => {
  folder = await temporaryFolder();
  repository = await buildToyRepository({ folder: join(folder.path, 'repository') });
  manager = await startManagerProcess(join(folder.path, 'manager'));
});
afterAll(async () => {
  await manager[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

function newHost(enrollment: readonly string[] = []): Promise<LabHost> {
  hosts += 1;
  const name = `signals${hosts}.lab.test`;
  return createLabHost({ root: join(folder.path, name), name, address: '127.0.0.1', repository, enrollment });
}

async function withCertificates(host: LabHost): Promise<LabHost> {
  const certs = join(host.root, 'etc/linux_patch_api/certs');
  await makeOpensslIdentity({ folder: certs, fqdn: host.name, address: host.address });
  return host;
}

/** One that is told to bind an address which it does not have. */
async function hostWithoutAddress(): Promise<LabHost> {
  const host = await withCertificates(await newHost());
  const text = await readFile(host.configFile, 'utf8');
  await host.configure(text.replace('bind: 127.0.0.1', 'bind: 192.0.2.5'));
  return host;
}

/** Starts a program in a network of its own, which has the loopback addresses alone. */
const WITHOUT_ADDRESSES = ['unshare', '--net', '--', 'sh', '-c', 'ip link set lo up && exec "$0" "$@"'];

const pinned = (): string[] => [`manager_url: ${manager.url}`, `ca_fingerprint: ${manager.caFingerprint}`];
const nobody = async (): Promise<string> => `https://127.0.0.1:${await freePort()}`;

interface Phase {
  readonly name: string;
  readonly start: (stack: AsyncDisposableStack) => Promise<AgentProcess>;
  /** What it says when it is there. */
  readonly says: string;
  /** Exit code after SIGTERM; a signal that ends it gives null. */
  readonly exitCode: number;
}

const PHASES: readonly Phase[] = [
  {
    name: 'waits for a faulty configuration to be mended',
    start: async () => {
      const host = await newHost();
      await host.configure('server: { prot: 1 }\n');
      return host.start({ env: SUPERVISED });
    },
    says: 'waits up to a minute',
    exitCode: 2,
  },
  {
    name: 'waits for a taken port',
    start: async (stack) => {
      const host = await withCertificates(await newHost());
      const holder = createServer().listen(host.port, host.address);
      await once(holder, 'listening');
      stack.defer(async () => void holder.close());
      return host.start({ env: SUPERVISED });
    },
    says: 'The agent waits for it',
    exitCode: 0,
  },
  {
    name: 'waits for another agent to end',
    start: async (stack) => {
      const host = await withCertificates(await newHost());
      await stack.use(host.start()).listening;
      return host.start({ env: SUPERVISED });
    },
    says: 'Another linux-patch-api already works',
    exitCode: 2,
  },
  {
    name: 'waits for its address',
    start: async () => (await hostWithoutAddress()).start({ through: WITHOUT_ADDRESSES }),
    says: 'does not have that address now',
    exitCode: 0,
  },
  {
    name: 'tries a manager that is down again and again',
    start: async () => (await newHost([`manager_url: ${await nobody()}`])).start(),
    says: 'ECONNREFUSED',
    exitCode: 2,
  },
  {
    name: 'waits for approval',
    start: async () => (await newHost(pinned())).start(),
    says: 'waiting for approval',
    exitCode: 2,
  },
  {
    name: 'runs --enroll',
    start: async () => (await newHost()).start({ args: ['--enroll', await nobody()] }),
    says: 'ECONNREFUSED',
    exitCode: 1,
  },
  {
    name: 'runs --renew-certs',
    start: async () => (await newHost([`manager_url: ${await nobody()}`])).start({ args: ['--renew-certs'] }),
    says: 'ECONNREFUSED',
    exitCode: 1,
  },
  {
    name: 'serves',
    start: async () => (await withCertificates(await newHost())).start(),
    says: 'Listening on',
    exitCode: 0,
  },
];

describe('an agent that', () => {
  it.each(PHASES)('$name is ended by SIGTERM and SIGINT alone', async ({ start, says, exitCode }) => {
    for (const end of ['SIGTERM', 'SIGINT'] as const) {
      await using stack = new AsyncDisposableStack();
      const agent = stack.use(await start(stack));
      await agent.logged(says);
      for (const signal of HARMLESS) agent.signal(signal);
      agent.signal(end);
      expect(await agent.exited).toBe(exitCode);
      expect(await readFile(agent.logFile, 'utf8')).not.toContain('Debugger');
    }
  });
});

describe('a manager that serves', () => {
  it('is ended by SIGTERM and SIGINT alone, and says that SIGHUP changes nothing', async () => {
    for (const end of ['SIGTERM', 'SIGINT'] as const) {
      for (const signal of HARMLESS) manager.program.signal(signal);
      expect(await manager.json('status')).toMatchObject({ manager_url: manager.url });
      manager.program.signal(end);
      expect(await manager.program.exited).toBe(0);
      const log = await readFile(manager.program.logFile, 'utf8');
      expect(log).toContain('SIGHUP changes nothing');
      expect(log).not.toContain('Debugger');
      await manager.start();
    }
  });
});

interface StartingManager {
  readonly configFile: string;
  /** @returns the program, and when it has said this */
  readonly serve: (
    says: string,
    env?: Readonly<Record<string, string>>,
  ) => RunningProgram & { readonly said: Promise<void> };
}

async function startingManager(name: string): Promise<StartingManager> {
  const root = join(folder.path, name);
  const configFile = join(root, 'etc/linux_patch_manager/config.yaml');
  await mkdir(dirname(configFile), { recursive: true });
  return {
    configFile,
    serve(says, env = {}) {
      const { promise: said, resolve, reject } = Promise.withResolvers<void>();
      const program = startProgram({
        program: MANAGER_PROGRAM,
        args: ['--root', root, 'serve'],
        logFile: join(root, 'manager.log'),
        env,
        onLine: (line) => line.includes(says) && resolve(),
      });
      void program.exited.then((code) => reject(new Error(`the manager ended with ${code}`)));
      said.catch(() => {});
      return { ...program, [Symbol.asyncDispose]: () => program[Symbol.asyncDispose](), said };
    },
  };
}

/** Whether a process has a handler of its own for this signal (proc_pid_status(5)). */
async function catches(pid: number, signal: keyof typeof constants.signals): Promise<true | undefined> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const caught = BigInt(`0x${/^SigCgt:\s*(\w+)$/m.exec(status)?.[1]}`);
  return (caught >> BigInt(constants.signals[signal] - 1)) & 1n ? true : undefined;
}

/** The writing end of a pipe with a name, once somebody has opened the other (fifo(7), ENXIO before). */
function writerTo(path: string): Promise<FileHandle | undefined> {
  return open(path, fileFlags.O_WRONLY | fileFlags.O_NONBLOCK).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENXIO') return undefined;
    throw error;
  });
}

describe('a manager that', () => {
  it('reads its configuration goes on, whatever comes before it can say what it makes of it', async () => {
    const { configFile, serve } = await startingManager('reading');
    must(await runProgram('mkfifo', [configFile]), 'mkfifo');
    await using program = serve(`${configFile}: cannot be read`);
    await askUntil('the manager to catch signals', () => catches(program.pid, 'SIGHUP'));
    for (const signal of HARMLESS) program.signal(signal);
    // It waits until somebody writes; then it finds a file of which no part can be read again, and ends.
    await (await askUntil('the manager to read', () => writerTo(configFile))).close();
    await program.said;
    expect(await program.exited).toBe(1);
  });

  it('waits for what it lacks to be there is ended by SIGTERM and SIGINT alone', async () => {
    const { serve } = await startingManager('waiting');
    for (const end of ['SIGTERM', 'SIGINT'] as const) {
      await using program = serve('waits up to a minute', { NOTIFY_SOCKET: join(folder.path, 'nobody') });
      await program.said;
      for (const signal of HARMLESS) program.signal(signal);
      program.signal(end);
      expect(await program.exited).toBe(1);
    }
  });
});

describe('a configuration that is changed while the agent waits', () => {
  it.each([
    ['by itself', false],
    ['on SIGHUP', true],
  ])('is taken up %s: another manager is asked', async (_how, reload) => {
    const host = await newHost([`manager_url: ${await nobody()}`]);
    await using agent = host.start();
    await agent.logged('ECONNREFUSED');
    const text = await readFile(host.configFile, 'utf8');
    await host.configure(
      text.replace(
        / {2}manager_url: .*/,
        pinned()
          .map((line) => `  ${line}`)
          .join('\n'),
      ),
    );
    if (reload) agent.signal('SIGHUP');
    await agent.logged('waiting for approval');
    agent.signal('SIGTERM');
    expect(await agent.exited).toBe(2);
  });

  it('and has faults is not used, until it is mended', async () => {
    const host = await newHost([`manager_url: ${await nobody()}`]);
    await using agent = host.start();
    await agent.logged('ECONNREFUSED');
    const good = await readFile(host.configFile, 'utf8');
    await host.configure(`${good}nonsense: 1\n`);
    await agent.logged('the one in force stays');
    await host.configure(
      good.replace(
        / {2}manager_url: .*/,
        pinned()
          .map((line) => `  ${line}`)
          .join('\n'),
      ),
    );
    await agent.logged('waiting for approval');
    agent.signal('SIGTERM');
    expect(await agent.exited).toBe(2);
  });
});

describe('a start under a service manager', () => {
  it('goes on when the configuration is mended', async () => {
    const host = await withCertificates(await newHost());
    const good = await readFile(host.configFile, 'utf8');
    await host.configure(good.replace('bind:', 'bnid:'));
    await using agent = host.start({ env: SUPERVISED });
    await agent.logged('did you mean "bind"');
    await host.configure(good);
    await agent.listening;
  });

  it('goes on when the port becomes free', async () => {
    const host = await withCertificates(await newHost());
    const holder = createServer().listen(host.port, host.address);
    await once(holder, 'listening');
    await using agent = host.start({ env: SUPERVISED });
    await agent.logged(`(pid ${process.pid})`);
    holder.close();
    await agent.listening;
  });
});

describe('an address that the host does not have yet', () => {
  it('is waited for, also without a service manager, and served when it comes', async () => {
    const host = await hostWithoutAddress();
    await using agent = host.start({ through: WITHOUT_ADDRESSES });
    await agent.logged('does not have that address now');
    const address = ['ip', 'address', 'add', '192.0.2.5/32', 'dev', 'lo'];
    execFileSync('nsenter', ['--target', String(agent.pid), '--net', ...address]);
    await agent.listening;
  });
});
