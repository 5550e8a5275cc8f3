import { isPatchError } from '@linux-patch/contract';
import { type Logger, type OutputSource, printableLine } from '@linux-patch/runtime';
import { type JobContext, RunReport } from '@linux-patch/worker';
import { applyReport, type RunEnding, type RunRecord } from './apply-report.ts';

const MOST_WORDS = 300;

/** Passes on what the process says, in its order. */
export function hear(
  { logger, record }: { readonly logger: Logger; readonly record: RunRecord },
  { jobId, report }: Pick<JobContext, 'jobId' | 'report'>,
) {
  let ending: RunEnding | undefined;
  let isEnding = false;
  let noted = Promise.resolve();
  return {
    onLine: (line: string, source: OutputSource): void => {
      if (isEnding) return;
      const said = source === 'stdout' ? readReport(line) : undefined;
      if (!said) {
        const words = printableLine(line.slice(0, MOST_WORDS));
        return logger.warn('the process of a job says', { job_id: jobId, words });
      }
      isEnding ||= said.t === 'done' || said.t === 'failed';
      noted = noted.then(async () => {
        ending = (await applyReport(said, { jobId, job: report, record })) ?? ending;
      });
    },
    isEnding: () => isEnding,
    settled: () => noted,
    ending: () => ending,
  };
}

/** Aborts when the agent stops, and not when the job is to. */
export function onInterruption(signal: AbortSignal): Disposable & { readonly interrupted: AbortSignal } {
  const interrupted = new AbortController();
  const stop = (): void => {
    if (isPatchError(signal.reason, 'INTERRUPTED')) interrupted.abort(signal.reason);
  };
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  return {
    interrupted: interrupted.signal,
    [Symbol.dispose]: () => signal.removeEventListener('abort', stop),
  };
}

/** Undefined for what is no report, or one of a release that knows more of them. */
export function readReport(line: string): RunReport | undefined {
  try {
    return RunReport.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}
