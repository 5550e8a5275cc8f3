import type { FramePayload, FrameType, ServerFrame } from '@linux-patch/contract';
import { isFinished, type JobCore } from '@linux-patch/worker';
import type { JobEvent } from '../jobs/events.ts';

/** A frame in both shapes at once: members at the top, where the older manager reads, and again in `payload`. */
function toFrame(payload: FramePayload): ServerFrame {
  return { ...payload, payload };
}

/** A frame about the connection itself. */
export function controlFrame(
  type: Exclude<FrameType, 'job_status' | 'job_complete'>,
  about: {
    readonly message: string;
    readonly seq: number;
    readonly nowMs: number;
    readonly jobId?: string | undefined;
    readonly errorCode?: string;
  },
): ServerFrame {
  const status = type === 'error' ? 'invalid_message' : type;
  return toFrame({
    type,
    event: type,
    job_id: about.jobId ?? '',
    status,
    progress: 0,
    progress_percent: 0,
    message: about.message,
    timestamp: new Date(about.nowMs).toISOString(),
    seq: about.seq,
    ...(type === 'error' ? { error: about.message, error_code: about.errorCode ?? 'INVALID_REQUEST' } : {}),
  });
}

/** A frame about a job: what happened, and how many events before it the client did not get. */
export function jobFrame(event: JobEvent, missed = 0): ServerFrame {
  const { job } = event;
  const type = isFinished(job) ? 'job_complete' : 'job_status';
  return toFrame({
    type,
    event: type,
    job_id: job.job_id,
    status: job.status,
    progress: job.progress,
    progress_percent: job.progress_percent,
    message: job.message,
    timestamp: new Date(event.atMs).toISOString(),
    seq: event.seq,
    ...(event.output === undefined ? {} : { output: event.output }),
    ...(job.error === null ? {} : { error: job.error }),
    ...(job.error_code === null ? {} : { error_code: job.error_code }),
    ...(missed > 0 ? { missed } : {}),
  });
}

/** A job as it is now, for a client that has just subscribed to it. */
export function snapshotEvent(job: JobCore, seq: number, nowMs: number): JobEvent {
  return { job, seq, atMs: nowMs, output: undefined };
}
