import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { connect } from 'node:tls';
import { parseCertificateDer } from '@linux-patch/pki';
import { nodeCommands, processUsage, systemFiles, systemRandom } from '@linux-patch/runtime/node';
import { ManualClock, memoryLogger, temporaryFolder } from '@linux-patch/runtime/testing';
import { PRIVATE_APT_CONFIG } from '../../../worker/src/packages/apt/private-root.ts';
import { OWN_PROGRAMS } from '../../../worker/test/worker-process.ts';
import { type AgentDoors, type Program } from '../../src/app/agent-context.ts';
import { runAgent } from '../../src/cli/run.ts';
import { agentPaths } from '../../src/config/paths.ts';
import { hostNetwork } from '../../src/host/network.ts';

/** Into how many steps time is cut for what must happen within a limit, and how long each lets real work go on. */
const STEPS = 24;
const BREATHS_PER_STEP = 60;

/** A whole agent in this process, on a host of its own in a folder, with a clock that the test moves. */
export interface AgentHost extends AsyncDisposable {
  readonly root: string;
  readonly clock: ManualClock;
  /** Writes a file of the host. */
  put(path: string, text: string): Promise<void>;
  read(path: string): Promise<string>;
  /** Another host with a copy of everything on this one. */
  clone(): Promise<AgentHost>;
  start(...args: string[]): RunningAgent;
}

export interface RunningAgent {
  readonly exitCode: Promise<number>;
  /** Everything that was logged or printed. */
  said(): string;
  /** Lets time pass until this holds: to each next waker, or in strides where many wakers say nothing. */
  until(holds: () => boolean | Promise<boolean>, strideMs?: number): Promise<void>;
  /** Lets this much time pass, waker by waker. */
  pass(ms: number): Promise<void>;
  /** Lets this much time pass in small steps, each as long as real work may take, until this holds. */
  within(ms: number, holds: () => boolean | Promise<boolean>): Promise<void>;
  /** Waits for what needs no time to pass. */
  settles(holds: () => boolean | Promise<boolean>): Promise<void>;
  /** Whether the port is bound, and with which certificate; undefined when nothing listens. */
  servedSerial(): Promise<string | undefined>;
  /** Tells it to stop; the exit code. */
  stop(): Promise<number>;
}

/** The facts by which a host is recognised. */
export interface HostFacts {
  readonly machineId: string;
  readonly board: string;
  readonly card: string;
}

export const AMBER: HostFacts = { machineId: 'a'.repeat(32), board: 'board-a', card: '52:54:00:00:00:0a' };
export const BASALT: HostFacts = { machineId: 'b'.repeat(32), board: 'board-b', card: '52:54:00:00:00:0b' };

/** How long what is real may take in a stride: an answer that has not come by then is one that the agent waited for in vain. */
const STRIDE_BREATH_MS = 25;

const breathe = (ms = 2): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Serial number of the certificate that a port of loopback shows. */
async function serialAt(port: number): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false });
  socket.on('secureConnect', () => {
    const der = socket.getPeerX509Certificate()?.raw;
    resolve(der && parseCertificateDer(der).serialHex);
    socket.destroy();
  });
  socket.on('error', () => resolve(undefined));
  return promise;
}

/** Doors that behave oddly; the others are real. */
export interface OddDoors
  extends Partial<Pick<AgentDoors, 'files' | 'network'>>,
    Partial<Pick<Program, 'environment' | 'commands' | 'supervised'>> {}

function startAgent(host: AgentHost, args: readonly string[], odd: OddDoors): RunningAgent {
  const { clock, root } = host;
  const stop = new AbortController();
  const logger = memoryLogger();
  let output = '';
  let ended = false;
  const doors: AgentDoors = {
    clock,
    random: systemRandom,
    files: odd.files ?? systemFiles,
    network: odd.network ?? hostNetwork,
    createLogger: () => logger,
    program: {
      stdout: (text) => void (output += text),
      stderr: (text) => void (output += text),
      environment: odd.environment ?? {},
      commands: odd.commands ?? nodeCommands({}, OWN_PROGRAMS),
      usage: processUsage,
      supervised: odd.supervised ?? false,
      onReload: () => ({ [Symbol.dispose]: () => {} }),
      stopped: stop.signal,
    },
  };
  const said = (): string => JSON.stringify(logger.records) + output;
  const exitCode = runAgent(['--root', root, ...args], doors).finally(() => {
    ended = true;
  });
  const waitFor = async (
    holds: () => boolean | Promise<boolean>,
    moveMs: () => number | undefined,
    breathMs?: number,
  ): Promise<void> => {
    while (!(await holds())) {
      // What is waited for can no longer come; how long it takes until then is a matter of the machine.
      if (ended) throw new Error(`the agent has ended: ${holds.toString()}\n${said()}`);
      await breathe(breathMs);
      const ms = moveMs();
      if (ms !== undefined) await clock.advance(ms);
    }
  };
  return {
    exitCode,
    said,
    until: (holds, strideMs) =>
      waitFor(
        holds,
        () => strideMs ?? clock.nextWakeMs,
        strideMs === undefined ? undefined : STRIDE_BREATH_MS,
      ),
    settles: (holds) => waitFor(holds, () => undefined),
    async pass(ms) {
      const endMs = clock.monotonicMs() + ms;
      while (clock.monotonicMs() < endMs) {
        await breathe();
        await clock.advance(Math.min(clock.nextWakeMs ?? ms, endMs - clock.monotonicMs()));
      }
      await breathe();
    },
    async within(ms, holds) {
      for (let step = 0; step < STEPS && !(await holds()); step += 1) {
        await clock.advance(ms / STEPS);
        for (let breath = 0; breath < BREATHS_PER_STEP && !(await holds()); breath += 1) await breathe();
      }
      await waitFor(holds, () => undefined);
    },
    async servedSerial() {
      const port = /Listening on 127\.0\.0\.1:(\d+)/.exec(said())?.[1];
      return port === undefined ? undefined : serialAt(Number(port));
    },
    async stop() {
      stop.abort();
      return exitCode;
    },
  };
}

/** Gives a host the files by which it is recognised. */
export async function beHost(host: Pick<AgentHost, 'put'>, facts: HostFacts): Promise<void> {
  await host.put('etc/machine-id', `${facts.machineId}\n`);
  await host.put('sys/class/dmi/id/product_uuid', `${facts.board}\n`);
  await host.put('sys/class/net/eth0/address', `${facts.card}\n`);
}

async function openHost(clock: ManualClock, doors: OddDoors, copyOf?: string): Promise<AgentHost> {
  const folder = await temporaryFolder({ inMemory: true });
  const root = folder.path;
  if (copyOf !== undefined) await cp(copyOf, root, { recursive: true, verbatimSymlinks: true });
  const host: AgentHost = {
    root,
    clock,
    async put(path, text) {
      await mkdir(dirname(join(root, path)), { recursive: true });
      await writeFile(join(root, path), text);
    },
    read: (path) => readFile(join(root, path), 'utf8'),
    clone: () => openHost(clock, doors, root),
    start: (...args) => startAgent(host, args, doors),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
  return host;
}

/** A host with a configuration, whose agent serves on any port of loopback. */
export async function createAgentHost(options: {
  readonly enrollment: readonly string[];
  readonly nowMs?: number;
  readonly doors?: OddDoors;
}): Promise<AgentHost> {
  const clock = new ManualClock(options.nowMs ?? Math.floor(Date.now() / 1000) * 1000);
  const host = await openHost(clock, options.doors ?? {});
  const config = [
    'server:',
    '  bind: 127.0.0.1',
    '  port: 0',
    'enrollment:',
    '  report_ip: 127.0.0.1',
    ...options.enrollment.map((line) => `  ${line}`),
  ];
  await host.put(agentPaths('/').configFile, `${config.join('\n')}\n`);
  await host.put('etc/hostname', 'amber.example.test\n');
  await host.put(PRIVATE_APT_CONFIG, '');
  await beHost(host, AMBER);
  return host;
}
