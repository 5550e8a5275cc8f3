import type { JobCore } from './state.ts';

/** Who is told what happens to a job. Nothing here waits or fails. */
export interface JobListener {
  /** @param output lines since the last time, joined by newlines */
  publish(job: JobCore, atMs: number, output?: string): void;
}
