import './no-generated-code.ts';

import { hostname } from 'node:os';
import { keepMemoryLow } from '@linux-patch/runtime';
import {
  type LineSink,
  lineLogger,
  nodeCommands,
  openAsk,
  openTerminal,
  processMemory,
  processUsage,
  stderrSink,
  syslogSink,
  systemClock,
  systemFiles,
  systemRandom,
  withholdCores,
} from '@linux-patch/runtime/node';
import type { AgentDoors, LogSettings } from './app/agent-context.ts';
import { runAgent } from './cli/run.ts';
import { parseSyslogServer } from './config/syslog-server.ts';
import { hostNetwork } from './host/network.ts';
import { WORKER_PROGRAM, workerCommand } from './worker-link/program.ts';

/** What cannot stop by itself within this time after it was told to is ended. */
const STOP_LIMIT_MS = 4_000;

/** After the work is done the process ends within this time, whatever is still open. */
const EXIT_LIMIT_MS = 1_000;

const terminal = openTerminal();

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    stop.abort();
    setTimeout(() => process.exit(process.exitCode ?? 1), STOP_LIMIT_MS).unref();
  });
}

// Without a listener each of these ends the program (signal(7)). A reload that comes while nobody can reload means nothing.
for (const signal of ['SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGPIPE'] as const) process.on(signal, () => {});

/** systemd names a socket or the invocation, OpenRC the service; a shell below a service has a terminal. */
const { NOTIFY_SOCKET, INVOCATION_ID, RC_SVCNAME } = process.env;
const supervised =
  NOTIFY_SOCKET !== undefined || ((INVOCATION_ID ?? RC_SVCNAME) !== undefined && !terminal.isAttended);

/** Lines go to every place that the configuration names. */
function sinkFor({ journal, syslogServer }: LogSettings): LineSink {
  const server = syslogServer === undefined ? undefined : parseSyslogServer(syslogServer);
  const facts = { hostname: hostname(), program: 'linux-patch-api', now: () => systemClock.now() };
  const remote = server && syslogSink({ ...server, ...facts });
  return (line, level) => {
    if (journal) stderr(line, level);
    remote?.(line, level);
  };
}

const stderr = stderrSink({
  journal: process.env.JOURNAL_STREAM !== undefined,
  now: () => systemClock.now(),
  stderr: terminal.stderr,
});

const worker = workerCommand(process.execPath, process.argv[1] ?? '');

const doors: AgentDoors = {
  clock: systemClock,
  random: systemRandom,
  files: systemFiles,
  network: hostNetwork,
  createLogger: (settings) => lineLogger({ level: settings.level, sink: sinkFor(settings) }),
  program: {
    stdout: terminal.stdout,
    stderr: terminal.stderr,
    redraw: terminal.redraw,
    ask: openAsk(terminal.stderr),
    environment: process.env,
    commands: nodeCommands({}, { [WORKER_PROGRAM]: worker }),
    usage: processUsage,
    supervised,
    onReload: (reload) => {
      process.on('SIGHUP', reload);
      return { [Symbol.dispose]: () => void process.off('SIGHUP', reload) };
    },
    stopped: stop.signal,
  },
};

// No await outside of a function: a package starts this as a script.
async function main(): Promise<void> {
  const ended = new AbortController();
  const keeping = keepMemoryLow({ clock: systemClock, memory: processMemory(), signal: ended.signal });
  withholdCores();
  process.exitCode = await runAgent(process.argv.slice(2), doors);
  ended.abort();
  await keeping;
  // Everything is closed by now; a handle that something left open must not keep the process.
  setTimeout(() => process.exit(), EXIT_LIMIT_MS).unref();
}

void main();
