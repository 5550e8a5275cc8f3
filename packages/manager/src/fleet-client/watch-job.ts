import { AGENT_ROUTES, JOB_EVENTS_PATH, type Job, ServerFrame } from '@linux-patch/contract';
import type { Clock } from '@linux-patch/runtime';
import { WebSocket } from 'ws';
import type { FleetClient } from './client.ts';
import type { AgentAddress } from './connect.ts';

/** One step of a job, as watchers see it. */
export interface JobEvent {
  readonly status: Job['status'];
  readonly progress_percent: number;
  readonly message: string;
  readonly output: string | null;
  readonly seq: number;
}

const FINAL: readonly string[] = ['completed', 'failed', 'cancelled', 'timeout'];
const POLL_INTERVAL_MS = 2_000;
const MAX_FRAME_BYTES = 4 * 1024 * 1024;

/** Whether a job with this status will not change any more. */
function isFinal(status: string): boolean {
  return FINAL.includes(status);
}

interface WatchOptions {
  readonly client: FleetClient;
  readonly clock: Clock;
  readonly agent: AgentAddress;
  readonly jobId: string;
  readonly signal: AbortSignal;
}

/** The job's events as the agent pushes them; ends when the job does or the connection breaks. */
async function* pushedEvents(options: WatchOptions): AsyncGenerator<JobEvent> {
  const connection = await options.client.connect(options.agent, options.signal);
  // The connection is open and TLS already; this speaks WebSocket over it.
  const socket = new WebSocket(`ws://${options.agent.fqdn}${JOB_EVENTS_PATH}`, {
    createConnection: () => connection,
    maxPayload: MAX_FRAME_BYTES,
    perMessageDeflate: false,
  });
  const queue: (JobEvent | 'closed')[] = [];
  let wake = (): void => {};
  const push = (item: JobEvent | 'closed'): void => {
    queue.push(item);
    wake();
  };
  const close = (): void => socket.terminate();
  options.signal.addEventListener('abort', close, { once: true });
  socket.on('open', () => socket.send(JSON.stringify({ type: 'subscribe', job_id: options.jobId })));
  socket.on('message', (data: Buffer) => {
    const event = readFrame(data.toString('utf8'), options.jobId);
    if (event) push(event);
  });
  // A connection that fails ends the stream; the caller goes on by polling.
  socket.on('error', () => push('closed'));
  socket.on('close', () => push('closed'));
  try {
    for (;;) {
      const item = queue.shift();
      if (item === 'closed') return;
      if (item) {
        yield item;
        if (isFinal(item.status)) return;
      } else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  } finally {
    options.signal.removeEventListener('abort', close);
    socket.terminate();
  }
}

function readFrame(text: string, jobId: string): JobEvent | undefined {
  try {
    const frame = ServerFrame.parse(JSON.parse(text));
    if (frame.job_id !== jobId || (frame.type !== 'job_status' && frame.type !== 'job_complete'))
      return undefined;
    return {
      status: frame.status as Job['status'],
      progress_percent: frame.progress_percent,
      message: frame.message,
      output: frame.output ?? null,
      seq: frame.seq,
    };
  } catch {
    return undefined;
  }
}

function eventOf(job: Job, seq: number): JobEvent {
  return {
    status: job.status,
    progress_percent: job.progress_percent,
    message: job.message,
    output: null,
    seq,
  };
}

/**
 * Watches a job to its end: over the agent's WebSocket, and by asking every two seconds where that breaks.
 * The last event is always a final one, unless the signal ends the watch first.
 */
export async function* watchJob(options: WatchOptions): AsyncGenerator<JobEvent> {
  let seq = 0;
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
    seq += 1;
    yield eventOf(job, seq);
    if (isFinal(job.status)) return;
    await options.clock.sleep(POLL_INTERVAL_MS, options.signal).catch(() => {});
  }
}
