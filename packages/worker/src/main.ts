import './no-generated-code.ts';

import {
  lineLogger,
  nodeCommands,
  openRequestChannel,
  openTerminal,
  stderrSink,
  systemClock,
  systemFiles,
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
// What it has started ends with it, and no answer is waited for.
process.once('SIGTERM', () => {
  ended.abort();
  process.exit(143);
});

// No await outside of a function: a package starts this as a script.
async function main(): Promise<void> {
  await withholdCores();
  const code = await runWorker(process.argv.slice(2), {
    clock: systemClock,
    files: systemFiles,
    logger: lineLogger({ level: 'info', sink }),
    createCommands: nodeCommands,
    openChannel: () => openRequestChannel(process.env),
    signal: ended.signal,
    stdout: terminal.stdout,
    stderr: terminal.stderr,
  });
  // Whoever asked may keep the connection open.
  process.exit(code);
}

void main();
