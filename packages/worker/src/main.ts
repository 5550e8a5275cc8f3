import './no-generated-code.ts';

import { PatchError } from '@linux-patch/contract';
import {
  lineLogger,
  nodeCommands,
  openReportOutput,
  openRequestChannel,
  openTerminal,
  stderrSink,
  systemClock,
  systemFiles,
  systemRandom,
  withholdCores,
} from '@linux-patch/runtime/node';
import { runWorker } from './app.ts';

const terminal = openTerminal();

const sink = stderrSink({
  journal: process.env.JOURNAL_STREAM !== undefined,
  now: () => systemClock.now(),
  stderr: terminal.stderr,
});

const ended = new AbortController();
// Of a request, what it has started ends with it, and no answer is waited for. A job says first what it came to.
function end(): void {
  ended.abort(new PatchError('INTERRUPTED', 'The process of the job was told to end.'));
  if (process.argv[2] !== 'run') process.exit(143);
}
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, end);

// Without a listener each of these ends the program (signal(7)), and a job in the middle of its work.
for (const signal of ['SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGPIPE'] as const) process.on(signal, () => {});

// Whatever the shell has from which root starts it: the agent's group reads what jobs say, and everybody what packages bring.
process.umask(process.argv[2] === 'run' ? 0o022 : 0o027);

// No await outside of a function: a package starts this as a script.
async function main(): Promise<void> {
  withholdCores();
  const code = await runWorker(process.argv.slice(2), {
    clock: systemClock,
    files: systemFiles,
    random: systemRandom,
    logger: lineLogger({ level: 'info', sink }),
    createCommands: nodeCommands,
    program: {
      openChannel: () => openRequestChannel(process.env, end),
      signal: ended.signal,
      parentId: () => process.ppid,
      self: [process.execPath, ...process.execArgv, process.argv[1] ?? ''],
      openReports: openReportOutput,
      stdout: terminal.stdout,
      stderr: terminal.stderr,
    },
  });
  // Whoever asked may keep the connection open.
  process.exit(code);
}

void main();
