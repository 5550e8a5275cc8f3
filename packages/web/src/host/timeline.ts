import type { FleetJob } from '@linux-patch/contract';
import { outcomeOf } from '../jobs/outcome.ts';

type Judged = Pick<FleetJob, 'state' | 'result'>;

/** What became of jobs, as they are drawn apart: by their row and their sign. */
export const LANES = [
  { lane: 'done', sign: '✓', name: 'completed' },
  { lane: 'failed', sign: '✖', name: 'failed or not begun' },
  { lane: 'open', sign: '?', name: 'under way, cancelled, never asked or not known' },
] as const;
type Lane = (typeof LANES)[number]['lane'];

/** The row of a job; what nobody knows is never among what was done. */
export function laneOf(job: Judged): Lane {
  if (job.state === 'not_begun') return 'failed';
  const { status } = outcomeOf(job);
  if (status === 'completed') return 'done';
  return status === 'failed' || status === 'timeout' ? 'failed' : 'open';
}

/** Where in a span of time something was, 0 at its beginning and 1 at its end. */
export function placeOf(
  at: string,
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
): number {
  const place = (new Date(at).getTime() - fromMs) / (toMs - fromMs);
  return Math.min(1, Math.max(0, place));
}

/** The jobs of a row. */
export function inLane<J extends Judged>(jobs: readonly J[], lane: Lane): J[] {
  return jobs.filter((job) => laneOf(job) === lane);
}
