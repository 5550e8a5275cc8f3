import type { Job } from '@linux-patch/contract';
import type { OutputSource } from '@linux-patch/runtime';

/** What a job has printed, as it is answered and stored. */
export type JobText = Readonly<Pick<Job, 'logs' | 'output' | 'command_stdout' | 'command_stderr'>>;

export const NO_TEXT: JobText = { logs: [], output: null, command_stdout: null, command_stderr: null };

const LIMIT_CHARACTERS = 256 * 1024;
const MAX_LOG_LINES = 2_000;

/** Lines of which the newest are kept, up to a number of characters. */
class LineTail {
  #lines: string[] = [];
  #size = 0;
  #cut = false;

  add(line: string): void {
    const kept = line.length > LIMIT_CHARACTERS ? line.slice(-LIMIT_CHARACTERS) : line;
    this.#lines.push(kept);
    this.#size += kept.length + 1;
    while (this.#size > LIMIT_CHARACTERS && this.#lines.length > 1) {
      this.#size -= (this.#lines.shift()?.length ?? 0) + 1;
      this.#cut = true;
    }
  }

  text(): string | null {
    if (this.#lines.length === 0) return null;
    return (this.#cut ? '[earlier output left out]\n' : '') + this.#lines.join('\n');
  }
}

/** Collects what a running job prints: each stream's newest 256 KiB, and 2,000 log lines. */
export class JobOutput {
  readonly #logs: string[] = [];
  readonly #output = new LineTail();
  readonly #stdout = new LineTail();
  readonly #stderr = new LineTail();

  /** A line of the job's log, with its time. Returns the line as written. */
  log(text: string, nowMs: number): string {
    const line = `${new Date(nowMs).toISOString()} ${text}`;
    this.#logs.push(line);
    if (this.#logs.length > MAX_LOG_LINES) this.#logs.splice(1, 1, '[earlier lines left out]');
    if (this.#logs.length > MAX_LOG_LINES) this.#logs.splice(2, 1);
    return line;
  }

  /** Log lines of an earlier agent, as they were written. */
  restoreLogs(lines: readonly string[]): void {
    this.#logs.push(...lines.slice(-MAX_LOG_LINES / 2));
  }

  /** A line that a command printed. */
  line(text: string, source: OutputSource): void {
    if (source === 'fd3') return;
    this.#output.add(text);
    (source === 'stdout' ? this.#stdout : this.#stderr).add(text);
  }

  text(): JobText {
    return {
      logs: [...this.#logs],
      output: this.#output.text(),
      command_stdout: this.#stdout.text(),
      command_stderr: this.#stderr.text(),
    };
  }
}
