import { messageOf } from '@linux-patch/contract';
import { type CommandResult, type Commands, printableLine } from '@linux-patch/runtime';
import { WORKER_PROGRAM } from './program.ts';
import { ENDED_BY, MOST_ANSWER_BYTES, unavailable, type WorkerTransport } from './transport.ts';

const MOST_WORDS = 300;

/** A worker that is started as a child for each request. */
export function childWorker(options: {
  readonly commands: Commands;
  /** What the worker is told of the host. */
  readonly hostArguments: readonly string[];
}): WorkerTransport {
  const { commands, hostArguments } = options;
  return {
    async exchange(request, { timeoutMs, signal }) {
      const result = await commands
        .run({
          program: WORKER_PROGRAM,
          args: ['request', ...hostArguments],
          stdin: request,
          timeoutMs,
          maxOutputBytes: MOST_ANSWER_BYTES,
          signal,
        })
        .catch(notStarted);
      const { stdout, aborted, timedOut } = result;
      if (aborted || timedOut || !stdout.endsWith('\n')) throw unavailable(endOf(result));
      return stdout;
    },
  };
}

function notStarted(cause: unknown): never {
  throw unavailable(`the worker could not be started (${messageOf(cause)})`, { cause });
}

/** How a worker ended that did not answer. */
function endOf({ timedOut, aborted, durationMs, signal, exitCode, stderr }: CommandResult): string {
  if (aborted) return ENDED_BY.signal;
  if (timedOut) return ENDED_BY.time(durationMs);
  if (signal === 'SIGKILL') return 'the worker was killed, as the kernel does when there is no memory left';
  if (signal !== null) return `the worker was ended by ${signal}`;
  const lines = stderr.trim().split('\n');
  // Node prints where in its own code it was before it says what was wrong.
  const telling = lines.find((line) => /error|fault/i.test(line)) ?? lines[0] ?? '';
  const words = printableLine(telling).slice(0, MOST_WORDS);
  return `the worker ended with ${exitCode} and no answer${words === '' ? '' : ` (${words})`}`;
}
