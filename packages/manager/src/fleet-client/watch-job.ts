import { AGENT_ROUTES, Job } from '@linux-patch/contract';
import type { Clock } from '@linux-patch/runtime';
import type { FleetClient } from './client.ts';
import type { AgentAddress } from './connect.ts';
import { jobFrames } from './job-frames.ts';

/** One step of a job, as watchers see it. */
export interface JobEvent {
  readonly status: Job['status'];
  readonly progress_percent: number;
  readonly message: string;
  readonly output: string | null;
  /** By the host's count; an event that was asked for and not pushed has the number of the one before. */
  readonly seq: number;
  /** Events before this one that the host has no more, or the way was too slow for. */
  readonly missed: number;
}

const FINAL: readonly string[] = ['completed', 'failed', 'cancelled', 'timeout'];
const POLL_INTERVAL_MS = 2_000;

/** Whether a job with this status will not change any more. */
function isFinal(status: string): boolean {
  return FINAL.includes(status);
}

interface WatchOptions {
  readonly client: FleetClient;
  readonly clock: Clock;
  readonly agent: AgentAddress;
  readonly jobId: string;
  /** The last event that was seen; undefined is that the state of now comes first. */
  readonly fromSeq?: number | undefined;
  readonly signal: AbortSignal;
}

/** The job's events as the agent pushes them; ends when the job does or the connection breaks. */
async function* pushedEvents(options: WatchOptions): AsyncGenerator<JobEvent> {
  for await (const frame of jobFrames(options)) {
    if (frame.type !== 'job_status' && frame.type !== 'job_complete') continue;
    const { status, progress_percent, message, output = null, seq, missed = 0 } = frame;
    const read = Job.unwrap().shape.status.safeParse(status);
    if (!read.success) continue;
    yield { status: read.data, progress_percent, message, output, seq, missed };
    if (isFinal(status)) return;
  }
}

function eventOf(job: Job, seq: number): JobEvent {
  return {
    status: job.status,
    progress_percent: job.progress_percent,
    message: job.message,
    output: null,
    seq,
    missed: 0,
  };
}

/**
 * Watches a job to its end: over the agent's WebSocket, and by asking every two seconds where that breaks.
 * The last event is always a final one, unless the signal ends the watch first.
 */
export async function* watchJob(options: WatchOptions): AsyncGenerator<JobEvent> {
  let seq = options.fromSeq ?? 0;
  for await (const event of pushedEvents(options)) {
    seq = event.seq;
    yield event;
    if (isFinal(event.status)) return;
  }
  while (!options.signal.aborted) {
    const job = await options.client.call(options.agent, AGENT_ROUTES.getJob, {
      params: { id: options.jobId },
      signal: options.signal,
    });
    yield eventOf(job, seq);
    if (isFinal(job.status)) return;
    await options.clock.sleep(POLL_INTERVAL_MS, options.signal).catch(() => {});
  }
}
