import { PatchError } from '@linux-patch/contract';
import type { RunPlace } from '../admission/run-place.ts';
import { lateAfter } from '../jobs/run-job.ts';
import type { RunHost } from './host.ts';
import type { RunReport } from './report.ts';

const LOOK_EVERY_MS = 500;

/** What a job is doing, as far as that counts for who may cancel it. */
export interface PhaseWatch {
  readonly say: (report: RunReport) => void;
  /** Whether nothing is cut off when the job ends now. */
  readonly waits: () => boolean;
  readonly settle: () => Promise<void>;
}

interface Told {
  readonly jobId: string;
  readonly host: Pick<RunHost, 'logger'>;
  readonly say: (report: RunReport) => void;
}

/** Says what the job says, and notes for whoever cancels it whether a package manager is at work. */
export function watchPhases({ host, jobId, say }: Told, place: Pick<RunPlace, 'noteWaiting'>): PhaseWatch {
  let waits = false;
  let noted = Promise.resolve();
  const note = (now: boolean): void => {
    if (now === waits) return;
    waits = now;
    noted = noted
      .then(() => place.noteWaiting(now))
      .catch((error: unknown) => {
        host.logger.warn('it cannot be noted that a job waits', { job_id: jobId, error });
      });
  };
  return {
    say(report) {
      if (report.t === 'phase') note(report.state !== 'running');
      if (report.t === 'progress') note((report.state ?? 'running') !== 'running');
      say(report);
    },
    waits: () => waits,
    settle: () => noted,
  };
}

interface Stopping {
  readonly stopped: AbortController;
  readonly ended: AbortSignal;
}

/** Stops the job when it is cancelled. */
export async function stopWhenCancelled(
  { clock }: Pick<RunHost, 'clock'>,
  {
    place,
    watch,
    stopped,
    ended,
  }: Stopping & { readonly place: Pick<RunPlace, 'cancelled'>; readonly watch: Pick<PhaseWatch, 'waits'> },
): Promise<void> {
  while (!ended.aborted) {
    const cancelled = await place.cancelled().catch(() => undefined);
    if (cancelled === 'always' || (cancelled === 'while_waiting' && watch.waits()))
      return stopped.abort(new PatchError('CANCELLED', 'The job was cancelled while it was running.'));
    await clock.sleep(LOOK_EVERY_MS, ended).catch(() => {});
  }
}

/** Stops the job when it has run too long. */
export async function stopWhenLate(
  { clock }: Pick<RunHost, 'clock'>,
  { timeoutMs, stopped, ended }: Stopping & { readonly timeoutMs: number },
): Promise<void> {
  await clock.sleep(timeoutMs, ended).then(
    () => stopped.abort(lateAfter(timeoutMs)),
    () => {},
  );
}
