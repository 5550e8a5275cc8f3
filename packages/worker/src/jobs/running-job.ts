import {
  ERRORS,
  type ErrorCode,
  JobErrorDetails,
  type JobOldCode,
  type JobReboot,
  type JobResult,
  messageOf,
  PatchError,
} from '@linux-patch/contract';
import type { Clock, OutputSource } from '@linux-patch/runtime';
import type { JobReporter } from './executor-interface.ts';
import type { JobListener } from './job-listener.ts';
import { JobOutput, type JobText } from './job-output.ts';
import type { JobRequest } from './job-request.ts';
import type { JobJournal, JournalEntry } from './journal.ts';
import { mergeResults } from './merge-results.ts';
import {
  type ActiveState,
  isFinished,
  type JobCore,
  type JobTransition,
  transition,
  withOutcome,
} from './state.ts';

/** Progress and output within this time make one event. */
const EVENT_INTERVAL_MS = 200;

interface Parts extends JournalEntry {
  readonly clock: Clock;
  readonly events: JobListener;
  readonly journal: Pick<JobJournal, 'save' | 'appendLog'>;
  /** Called with each new state, so that listings are current. */
  readonly changed: (core: JobCore) => void;
  /** Called when a state could not be written. */
  readonly unwritten: (error: unknown) => void;
}

/** A job between its start and its end: collects what it prints, tells listeners, writes the journal. */
export class RunningJob implements JobReporter {
  readonly #parts: Parts;
  readonly #output = new JobOutput();
  readonly #abort = new AbortController();
  #core: JobCore;
  #freshLines: string[] = [];
  /** Lines not yet in the log file. */
  #logLines: string[] = [];
  #flushDue = false;
  #resumed = false;
  /** How often what may be said again was logged before. */
  readonly #loggedBefore = new Map<string, number>();

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#core = parts.core;
  }

  get core(): JobCore {
    return this.#core;
  }

  get request(): JobRequest {
    return this.#parts.request;
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  text(): JobText {
    return this.#output.text();
  }

  /** Tells the work to stop; the first reason counts. */
  stop(reason: PatchError): void {
    this.#abort.abort(reason);
  }

  log(text: string): void {
    if (!this.#isSaidAgain(text)) this.#log(text);
  }

  #log(text: string): void {
    this.#logLines.push(this.#output.log(text, this.#parts.clock.now()));
    if (isFinished(this.#core)) this.#writeLog();
    else this.#flushSoon();
  }

  output(line: string, source: OutputSource): void {
    if (isFinished(this.#core) || source === 'fd3') return;
    this.#output.line(line, source);
    this.#freshLines.push(line);
    this.#logLines.push(`  ${line}`);
    this.#flushSoon();
  }

  phase(state: ActiveState, message: string): void {
    if (this.#core.state === state && this.#core.message === message) return;
    if (this.#isSaidAgain(message)) return;
    this.#apply({ type: 'phase', state, message });
    this.#log(message);
    this.#publish();
    this.#save().catch(this.#parts.unwritten);
  }

  progress(percent: number, message: string, state: ActiveState = 'running'): void {
    this.#apply({ type: 'progress', percent, message, state });
    this.#flushSoon();
  }

  results(results: readonly JobResult[]): void {
    const touched = results.filter((one) => one.reason === undefined).map((one) => one.name);
    const packages = this.#core.packages.length > 0 ? this.#core.packages : touched;
    const merged = mergeResults(this.#core.results, results);
    this.#set({ ...withOutcome(this.#core, { results: merged }), packages });
  }

  exitCode(code: number | null): void {
    this.#set(withOutcome(this.#core, { exitCode: code }));
  }

  oldCode(found: JobOldCode): void {
    this.#set(withOutcome(this.#core, { oldCode: found }));
  }

  reboot(plan: JobReboot): void {
    this.#set(withOutcome(this.#core, { reboot: plan }));
  }

  /** The agent was restarted while this job was running. @param lines what its log file holds */
  resume(lines: readonly string[]): void {
    // Command output is indented there; it is read again from where it is.
    const logged = lines.filter((line) => !line.startsWith('  '));
    this.#output.restoreLogs(logged);
    for (const line of logged) {
      const text = line.slice(line.indexOf(' ') + 1);
      this.#loggedBefore.set(text, (this.#loggedBefore.get(text) ?? 0) + 1);
    }
    this.#resumed = true;
  }

  async start(): Promise<void> {
    this.#apply({ type: 'start', message: 'Started' });
    this.#log(this.#resumed ? 'The agent was restarted; going on with the job' : 'Job started');
    this.#publish();
    await this.#save();
  }

  async complete(message: string): Promise<void> {
    if (isFinished(this.#core)) return;
    this.#apply({ type: 'complete', message });
    this.#log(`Job completed: ${message}`);
    this.#publish();
    await this.#save();
  }

  async fail(error: unknown): Promise<void> {
    if (isFinished(this.#core)) return;
    const reason: unknown = this.#abort.signal.aborted ? this.#abort.signal.reason : error;
    const exitCode = error instanceof PatchError ? error.details['exit_code'] : undefined;
    if (typeof exitCode === 'number') this.exitCode(exitCode);
    this.#apply({
      type: 'fail',
      code: jobCodeOf(reason),
      message: messageOf(reason),
      details: detailsOf(reason),
    });
    this.#log(`Job failed: ${messageOf(reason)}`);
    this.#publish();
    await this.#save();
  }

  /** Log lines may come after the end; this writes them to the record. */
  saveAgain(): Promise<void> {
    return this.#save();
  }

  /** Who follows work from its beginning hears once more what an earlier agent has logged. */
  #isSaidAgain(text: string): boolean {
    const times = this.#loggedBefore.get(text) ?? 0;
    if (times > 0) this.#loggedBefore.set(text, times - 1);
    return times > 0;
  }

  #apply(change: JobTransition): void {
    // Work that was told to stop may still report for a moment after its job has ended.
    if (isFinished(this.#core)) return;
    this.#set(transition(this.#core, change, this.#parts.clock.now()));
  }

  #set(core: JobCore): void {
    this.#core = core;
    this.#parts.changed(core);
  }

  #save(): Promise<void> {
    const { request, named } = this.#parts;
    return this.#parts.journal.save({ core: this.#core, request, named }, this.text());
  }

  #flushSoon(): void {
    if (this.#flushDue || isFinished(this.#core)) return;
    this.#flushDue = true;
    const flush = (): void => {
      if (this.#flushDue && !isFinished(this.#core)) this.#publish();
    };
    void this.#parts.clock.sleep(EVENT_INTERVAL_MS).then(flush);
  }

  #publish(): void {
    this.#flushDue = false;
    const lines = this.#freshLines.splice(0);
    const output = lines.length > 0 ? lines.join('\n') : undefined;
    this.#parts.events.publish(this.#core, this.#parts.clock.now(), output);
    this.#writeLog();
  }

  #writeLog(): void {
    this.#parts.journal.appendLog(this.#core.job_id, this.#logLines.splice(0));
  }
}

/** What the contract knows of the facts that an error carries. */
function detailsOf(error: unknown): JobErrorDetails | null {
  const { data } = JobErrorDetails.safeParse(error instanceof PatchError ? error.details : {});
  return data && Object.keys(data).length > 0 ? data : null;
}

/** Codes that a job may end with; anything else would mean nothing to who reads it. */
function jobCodeOf(error: unknown): ErrorCode {
  if ((error as NodeJS.ErrnoException | null)?.code === 'ENOSPC') return 'DISK_FULL';
  if (!(error instanceof PatchError)) return 'UNKNOWN_ERROR';
  const { where } = ERRORS[error.code];
  return where === 'job' || where === 'both' ? error.code : 'UNKNOWN_ERROR';
}
