import { AGENT_ROUTES, PatchError } from '@linux-patch/contract';
import { answerWith } from '@linux-patch/http';
import type { Clock } from '@linux-patch/runtime';
import { isFinished } from '@linux-patch/worker';
import type { JobEvent } from '../../jobs/events.ts';
import type { JobQueue } from '../../jobs/queue.ts';
import type { RouteServer } from '../agent-request.ts';
import { jobFrame, snapshotEvent } from '../job-frames.ts';
import { readInput } from '../serve-route.ts';
import { idOf } from './jobs.ts';

/** As many as WebSocket clients. */
const MOST_STREAMS = 64;
/** Events that wait for a client that reads slowly; of more the oldest go, and are counted. */
const MOST_WAITING = 64;
/** So that nobody on the way takes a silent connection for a dead one. */
const BEAT_MS = 15_000;

/** `/api/v1/jobs/{id}/events` */
export function serveJobEvents({ app, clock }: RouteServer, jobs: JobQueue): void {
  const route = AGENT_ROUTES.jobEvents;
  let streams = 0;
  app.serve(route, async (exchange) => {
    const id = idOf((name) => exchange.parameters[name] ?? '');
    const { query, request, signal } = await readInput(route, exchange);
    if (!jobs.find(id)) throw new PatchError('JOB_NOT_FOUND', `No job has the id ${id}.`);
    if (streams >= MOST_STREAMS)
      throw new PatchError(
        'SERVICE_UNHEALTHY',
        `At most ${MOST_STREAMS} streams of events are served at a time.`,
      );
    const fromSeq = query.from_seq ?? numberOf(request.header('last-event-id'));
    const counted = async function* (): AsyncGenerator<Uint8Array> {
      streams += 1;
      try {
        yield* events({ jobs, clock, signal }, id, fromSeq);
      } finally {
        streams -= 1;
      }
    };
    return answerWith(counted(), {
      headers: {
        'Content-Type': 'text/event-stream',
        'Cache-Control': 'no-cache',
        'Transfer-Encoding': 'chunked',
      },
    });
  });
}

/** Browsers say it by themselves; what another program means by it is not known. */
function numberOf(id: string | undefined): number | undefined {
  return id !== undefined && /^\d{1,15}$/.test(id) ? Number(id) : undefined;
}

interface EventSources {
  readonly jobs: JobQueue;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** What happened to a job after a number, or how it is now, and then what happens to it until it ends. */
async function* events(
  { jobs, clock, signal }: EventSources,
  id: string,
  fromSeq: number | undefined,
): AsyncGenerator<Uint8Array> {
  const waiting: JobEvent[] = [];
  let missed = 0;
  let news = Promise.withResolvers<void>();
  using _subscription = jobs.events.subscribe((event) => {
    if (event.job.job_id !== id) return;
    waiting.push(event);
    if (waiting.length > MOST_WAITING) {
      waiting.shift();
      missed += 1;
    }
    news.resolve();
  });
  const earlier = fromSeq === undefined ? [] : replay();
  const first = earlier.length > 0 ? earlier : now();
  for (const event of first) yield progress(event, takeMissed());
  let last = first.at(-1);
  while (last && !isFinished(last.job) && !signal.aborted) {
    const next = waiting.shift();
    if (next) {
      yield progress(next, takeMissed());
      last = next;
    } else if (!jobs.find(id)) return;
    else yield* beat();
  }
  if (!signal.aborted) yield Buffer.from('event: end\ndata: {}\n\n');

  function replay(): readonly JobEvent[] {
    const found = jobs.events.since(fromSeq ?? 0);
    const own = found.events.filter((event) => event.job.job_id === id);
    if (own.length > 0) missed = found.missed;
    return own;
  }
  function now(): readonly JobEvent[] {
    const job = jobs.find(id);
    return job ? [snapshotEvent(job, jobs.events.seq, clock.now())] : [];
  }
  function takeMissed(): number {
    const count = missed;
    missed = 0;
    return count;
  }
  /** Waits for news, and says meanwhile that it is there. */
  async function* beat(): AsyncGenerator<Uint8Array> {
    news = Promise.withResolvers<void>();
    const over = new AbortController();
    const ended = AbortSignal.any([signal, over.signal]);
    const late = clock.sleep(BEAT_MS, ended).then(
      () => true,
      () => false,
    );
    const isLate = await Promise.race([news.promise.then(() => false), late]);
    over.abort();
    if (isLate) yield Buffer.from(': nothing new\n\n');
  }
}

function progress(event: JobEvent, missed: number): Uint8Array {
  const { status, progress_percent, message, output = null, seq } = jobFrame(event);
  const data = { status, progress_percent, message, output, seq, missed };
  return Buffer.from(`id: ${seq}\nevent: progress\ndata: ${JSON.stringify(data)}\n\n`);
}
