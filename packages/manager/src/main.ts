import { text } from 'node:stream/consumers';
import { watchdogIntervalMs } from '@linux-patch/runtime';
import {
  lineLogger,
  nodeCommands,
  nodeThreads,
  openAsk,
  openTerminal,
  processUsage,
  stderrSink,
  systemClock,
  systemFiles,
  systemRandom,
  withholdCores,
} from '@linux-patch/runtime/node';
import { runManager } from './cli/run.ts';
import { threadScript } from './threads/names.ts';

/** What cannot stop by itself within this time after it was told to is ended. */
const STOP_LIMIT_MS = 3_000;

/** After the work is done the process ends within this time, whatever is still open. */
const EXIT_LIMIT_MS = 1_000;

const terminal = openTerminal();

// Takes the place of the arguments in the process list, where a host code may be among them.
if (process.argv.some((argument) => argument.startsWith('--code'))) process.title = 'linux-patch-manager';

// Without a listener each of these ends the program (signal(7)).
for (const signal of ['SIGUSR1', 'SIGUSR2', 'SIGPIPE'] as const) process.on(signal, () => {});

// A command goes with its terminal. The server stays, also before it can say what it makes of the signal.
if (process.argv.includes('serve')) process.on('SIGHUP', () => {});

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    stop.abort();
    setTimeout(() => process.exit(process.exitCode ?? 0), STOP_LIMIT_MS).unref();
  });
}

const sink = stderrSink({
  journal: process.env.JOURNAL_STREAM !== undefined,
  now: () => systemClock.now(),
  stderr: terminal.stderr,
});

// No await outside of a function: a package starts this as a script.
async function main(): Promise<void> {
  withholdCores();
  process.exitCode = await runManager(process.argv.slice(2), {
    clock: systemClock,
    random: systemRandom,
    files: systemFiles,
    commands: nodeCommands(),
    createLogger: (level) => lineLogger({ level, sink }),
    ...terminal,
    ask: openAsk(terminal.stderr),
    readStdin: () => text(process.stdin),
    service: { notifySocket: process.env.NOTIFY_SOCKET, watchdogMs: watchdogIntervalMs(process.env) },
    startedFor: process.env.SUDO_USER ?? process.env.DOAS_USER ?? process.env.USER,
    serving: { processUsage, threads: nodeThreads((name) => threadScript(process.argv[1] ?? '', name)) },
    onHangUp: (listener) => {
      process.on('SIGHUP', listener);
      return { [Symbol.dispose]: () => void process.off('SIGHUP', listener) };
    },
    signal: stop.signal,
  });
  // Everything is closed by now; a handle that something left open must not keep the process.
  setTimeout(() => process.exit(), EXIT_LIMIT_MS).unref();
}

void main();
