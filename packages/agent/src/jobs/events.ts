import type { JobCore } from '@linux-patch/worker';

/** Something that happened to a job. */
export interface JobEvent {
  /** Rises by one per event; begins anew above every earlier number when the agent starts. */
  readonly seq: number;
  readonly job: JobCore;
  readonly atMs: number;
  /** Output lines since the job's last event, joined by newlines; of very many the newest. The job has the others. */
  readonly output: string | undefined;
}

/** Most of the output that one event carries: a thousand of them are remembered. */
const OUTPUT_CHARACTERS = 64 * 1024;
/** Events that a client can catch up on. */
const RING_SIZE = 1_024;

/** Tells listeners in this process what happens to jobs, and remembers the newest events. */
export class JobEvents {
  readonly #listeners = new Set<(event: JobEvent) => void>();
  #ring: JobEvent[] = [];
  #seq: number;
  readonly #firstSeq: number;

  /** @param startSeq the last number taken before; the wall clock in milliseconds keeps it rising over restarts. */
  constructor(startSeq: number) {
    this.#seq = startSeq;
    this.#firstSeq = startSeq;
  }

  /** Number of the newest event. */
  get seq(): number {
    return this.#seq;
  }

  publish(job: JobCore, atMs: number, output?: string): void {
    this.#seq += 1;
    const event: JobEvent = { seq: this.#seq, job, atMs, output: output && newest(output) };
    this.#ring.push(event);
    if (this.#ring.length > RING_SIZE) this.#ring.shift();
    for (const listener of this.#listeners) listener(event);
  }

  subscribe(listener: (event: JobEvent) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  /**
   * Events after `seq`, oldest first, and how many between are gone. For a number from before this start of the
   * agent nobody knows how many those were; then at least one is counted.
   */
  since(seq: number): { readonly events: readonly JobEvent[]; readonly missed: number } {
    const events = this.#ring.filter((event) => event.seq > seq);
    const oldest = this.#ring[0]?.seq ?? this.#seq + 1;
    const missed =
      seq < this.#firstSeq ? Math.max(1, oldest - 1 - this.#firstSeq) : Math.max(0, oldest - 1 - seq);
    return { events, missed };
  }
}

/** A copy of the end, because a slice of a text keeps the whole of it in memory. */
function newest(output: string): string {
  if (output.length <= OUTPUT_CHARACTERS) return output;
  return Buffer.from(output.slice(-OUTPUT_CHARACTERS)).toString('utf8');
}
