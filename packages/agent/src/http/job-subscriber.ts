import { ClientFrame, parseJson, type ServerFrame } from '@linux-patch/contract';
import type { Clock } from '@linux-patch/runtime';
import type { JobEvent } from '../jobs/events.ts';
import type { JobQueue } from '../jobs/queue.ts';
import { controlFrame, jobFrame, snapshotEvent } from './job-frames.ts';

/** The sending half of a WebSocket. */
export interface FrameSink {
  /** Bytes handed over and not yet on the wire. */
  readonly bufferedAmount: number;
  /** @param sent called when the frame has left this process. */
  send(text: string, sent: () => void): void;
}

/** Which jobs a client wants to hear of. */
type Interest =
  | { readonly kind: 'all'; readonly except: Set<string> }
  | { readonly kind: 'only'; readonly ids: Set<string> };

/** A client with more than this waiting is too slow; it is told how many events it missed. */
const MAX_BUFFERED_BYTES = 1024 * 1024;

/** What a client says has a handful of members. */
const FRAME_LIMITS = { depth: 2, values: 16 };

/** One client of the job events. Until it says otherwise it hears of all jobs. */
export class JobSubscriber {
  readonly #jobs: JobQueue;
  readonly #clock: Clock;
  readonly #sink: FrameSink;
  #interest: Interest = { kind: 'all', except: new Set() };
  #missed = 0;
  #lastMissed: JobEvent | undefined;

  constructor(options: { readonly jobs: JobQueue; readonly clock: Clock; readonly sink: FrameSink }) {
    this.#jobs = options.jobs;
    this.#clock = options.clock;
    this.#sink = options.sink;
  }

  greet(connectionId: string): void {
    this.#control('connected', `WebSocket connected: ${connectionId}`);
  }

  /** A job event, sent when the client wants it and keeps up. */
  deliver(event: JobEvent): void {
    if (!this.#wants(event.job.job_id)) return;
    if (this.#sink.bufferedAmount > MAX_BUFFERED_BYTES) {
      this.#missed += 1;
      this.#lastMissed = event;
      return;
    }
    this.#send(jobFrame(event, this.#takeMissed()));
  }

  /** A text frame of the client. Whatever it holds, the answer is a frame. */
  receive(text: string): void {
    const frame = parseFrame(text);
    if ('fault' in frame) {
      this.#control('error', `Invalid message: ${frame.fault}`);
      return;
    }
    const { wish } = frame;
    if ('action' in wish) {
      if (wish.action === 'subscribe') this.#subscribe(wish.job_id ?? undefined, undefined);
      else this.#unsubscribe(wish.job_id ?? undefined);
      return;
    }
    switch (wish.type) {
      case 'ping':
        this.#control('pong', 'pong');
        break;
      case 'subscribe':
        this.#subscribe(wish.job_id, wish.from_seq);
        break;
      case 'subscribe_all':
        this.#subscribe(undefined, wish.from_seq);
        break;
      case 'unsubscribe':
        this.#unsubscribe(wish.job_id);
        break;
    }
  }

  #subscribe(jobId: string | undefined, fromSeq: number | undefined): void {
    if (jobId === undefined) {
      this.#interest = { kind: 'all', except: new Set() };
      this.#control('subscribed', 'Subscribed to all job events', 'all');
      if (fromSeq !== undefined) this.#replay(fromSeq);
      return;
    }
    const job = this.#jobs.find(jobId);
    if (!job) {
      const about = { message: `No job has the id ${jobId}.`, jobId, errorCode: 'JOB_NOT_FOUND' };
      this.#send(controlFrame('error', { ...about, seq: this.#jobs.events.seq, nowMs: this.#clock.now() }));
      return;
    }
    if (this.#interest.kind === 'only') this.#interest.ids.add(jobId);
    else this.#interest = { kind: 'only', ids: new Set([jobId]) };
    this.#control('subscribed', `Subscribed to job: ${jobId}`, jobId);
    if (fromSeq === undefined || !this.#replay(fromSeq, jobId)) {
      this.#send(jobFrame(snapshotEvent(job, this.#jobs.events.seq, this.#clock.now())));
    }
  }

  #unsubscribe(jobId: string | undefined): void {
    if (jobId === undefined) this.#interest = { kind: 'only', ids: new Set() };
    else if (this.#interest.kind === 'only') this.#interest.ids.delete(jobId);
    else this.#interest.except.add(jobId);
    this.#control('unsubscribed', `Unsubscribed from job: ${jobId ?? 'all'}`, jobId ?? 'all');
  }

  /** Sends what came after a number; false when there was nothing. */
  #replay(fromSeq: number, jobId?: string): boolean {
    const { events, missed } = this.#jobs.events.since(fromSeq);
    const wanted = events.filter((event) => jobId === undefined || event.job.job_id === jobId);
    this.#missed += wanted.length > 0 ? missed : 0;
    for (const event of wanted) this.deliver(event);
    return wanted.length > 0;
  }

  #wants(jobId: string): boolean {
    return this.#interest.kind === 'all' ? !this.#interest.except.has(jobId) : this.#interest.ids.has(jobId);
  }

  #takeMissed(): number {
    const count = this.#missed;
    this.#missed = 0;
    this.#lastMissed = undefined;
    return count;
  }

  /** A client that was too slow and has caught up gets the newest event it missed, and the number of the others. */
  #catchUp(): void {
    const event = this.#lastMissed;
    if (!event || this.#sink.bufferedAmount > MAX_BUFFERED_BYTES) return;
    this.#send(jobFrame(event, this.#takeMissed() - 1));
  }

  #control(
    type: 'connected' | 'subscribed' | 'unsubscribed' | 'pong' | 'error',
    message: string,
    jobId?: string,
  ): void {
    this.#send(controlFrame(type, { message, jobId, seq: this.#jobs.events.seq, nowMs: this.#clock.now() }));
  }

  #send(frame: ServerFrame): void {
    this.#sink.send(JSON.stringify(frame), () => this.#catchUp());
  }
}

function parseFrame(text: string): { readonly wish: ClientFrame } | { readonly fault: string } {
  let value: unknown;
  try {
    value = parseJson(text, FRAME_LIMITS);
  } catch {
    return { fault: 'not valid JSON' };
  }
  const result = ClientFrame.safeParse(value);
  if (result.success) return { wish: result.data };
  return {
    fault:
      'expected {"type": "subscribe" | "unsubscribe", "job_id": UUID}, {"type": "subscribe_all"} or {"type": "ping"}',
  };
}
